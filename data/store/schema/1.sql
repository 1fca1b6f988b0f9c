-- Version 1. Every table is STRICT; what may be absent is NULL and says so by not being NOT NULL. Checks spell lists as CASE: SQLite would build
-- a table in memory for an IN of more than two, at each insert.
-- Names of the doors in docs/doors.md stand at the constraint that holds them. A MAC has 32 bytes, as has a blind index.

PRAGMA application_id = 1380731219; -- "RLIS"

CREATE TABLE meta (
	one         INTEGER PRIMARY KEY CHECK (one = 1),
	vault       TEXT NOT NULL CHECK (length(vault) = 36),
	environment TEXT NOT NULL CHECK (environment <> ''),
	created     TEXT NOT NULL,
	version     INTEGER NOT NULL CHECK (version >= 1),
	generation  INTEGER NOT NULL CHECK (generation >= 0), -- how often this directory was found to be a copy
	restored    INTEGER NOT NULL CHECK (restored >= 0),   -- when last, in Unix milliseconds
	mac         BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE TABLE patients (
	id         TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
	version    INTEGER NOT NULL CHECK (version >= 1),
	ssin_blind BLOB UNIQUE CHECK (length(ssin_blind) = 32),
	name_blind BLOB NOT NULL CHECK (length(name_blind) = 32), -- of name and birth date
	ssin       BLOB CHECK (length(ssin) > 0),
	person     BLOB NOT NULL CHECK (length(person) > 0),
	mac        BLOB NOT NULL CHECK (length(mac) = 32),
	CHECK ((ssin IS NULL) = (ssin_blind IS NULL))
) STRICT, WITHOUT ROWID;
-- Who has no number is told apart by name and birth date.
CREATE UNIQUE INDEX patient_without_ssin ON patients (name_blind) WHERE ssin_blind IS NULL;

-- Door: an order exists once, whoever issues it and however often.
CREATE TABLE orders (
	id      TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
	patient TEXT NOT NULL REFERENCES patients (id),
	issued  TEXT NOT NULL,
	lines   INTEGER NOT NULL CHECK (lines BETWEEN 1 AND 10),
	request BLOB NOT NULL CHECK (length(request) = 32), -- keyed hash
	mac     BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE prescriptions (
	n           INTEGER PRIMARY KEY, -- in the order of issue
	id          TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
	order_id    TEXT NOT NULL REFERENCES orders (id),
	line        INTEGER NOT NULL CHECK (line BETWEEN 0 AND 9),
	patient     TEXT NOT NULL REFERENCES patients (id),
	version     INTEGER NOT NULL CHECK (version >= 1),
	state       TEXT NOT NULL,
	door        TEXT NOT NULL,
	issued      TEXT NOT NULL,
	begins      TEXT NOT NULL,
	expires     TEXT NOT NULL,
	electronic  INTEGER NOT NULL CHECK (electronic IN (0, 1)),
	proof       INTEGER NOT NULL CHECK (proof IN (0, 1)),
	replaces    TEXT REFERENCES prescriptions (id),
	work        INTEGER NOT NULL CHECK (work >= 0), -- what the engine may have to do, see work.go
	owed        INTEGER NOT NULL CHECK (owed >= 0), -- bits of the duties, see work.go
	harmless    INTEGER NOT NULL CHECK (harmless IN (0, 1)),
	attempts    INTEGER NOT NULL CHECK (attempts >= 0),
	records     INTEGER NOT NULL CHECK (records >= 0),
	sheets      INTEGER NOT NULL CHECK (sheets >= 0),
	notes       BLOB NOT NULL CHECK (length(notes) > 0),
	ingredients BLOB CHECK (length(ingredients) > 0 AND length(ingredients) % 32 = 0), -- blind indexes, one after the other
	content     BLOB NOT NULL CHECK (length(content) = 32),  -- MAC of its row in contents
	children    BLOB NOT NULL CHECK (length(children) = 32), -- digest of the MACs of attempts, records and sheets
	mac         BLOB NOT NULL CHECK (length(mac) = 32),
	UNIQUE (order_id, line),
	UNIQUE (state, n), -- also what a sheet refers to
	-- Door: the door is a function of the state. Nothing is sent for who has no national number, and what waits or is on the way cannot drop
	-- out of the engine's sight.
	CHECK (CASE state
		WHEN 'ready' THEN door = 'none' AND (work <> 0 OR electronic = 0)
		WHEN 'sending' THEN door = 'electronic' AND work <> 0 AND electronic = 1
		WHEN 'unknown' THEN door = 'electronic' AND work <> 0 AND electronic = 1
		WHEN 'confirmed' THEN door = 'electronic'
		WHEN 'refused' THEN door = 'none'
		WHEN 'withdrawn' THEN door = 'none'
		WHEN 'lapsed' THEN door = 'none'
		WHEN 'paper' THEN door = 'paper'
		WHEN 'revoked' THEN door = 'none'
		ELSE 0 END)
) STRICT;
-- Door: a sheet that was destroyed is redone once.
CREATE UNIQUE INDEX one_replacement ON prescriptions (replaces) WHERE replaces IS NOT NULL;
CREATE INDEX prescription_of_patient ON prescriptions (patient);
CREATE INDEX prescription_open ON prescriptions (n, work, owed) WHERE work <> 0 OR owed <> 0;

-- What was prescribed, and the message made from it: written once.
CREATE TABLE contents (
	prescription INTEGER PRIMARY KEY REFERENCES prescriptions (n),
	mac          BLOB NOT NULL CHECK (length(mac) = 32),
	envelope     BLOB NOT NULL CHECK (length(envelope) > 0),
	message      BLOB CHECK (length(message) > 0), -- NULL: never to be sent
	facts        BLOB NOT NULL CHECK (length(facts) > 0)
) STRICT;

CREATE TABLE attempts (
	prescription INTEGER NOT NULL REFERENCES prescriptions (n),
	n            INTEGER NOT NULL CHECK (n >= 1),
	version      INTEGER NOT NULL CHECK (version >= 1), -- of the prescription, when this row was written
	live         INTEGER NOT NULL CHECK (live IN (0, 1)),
	key_blind    BLOB UNIQUE CHECK (length(key_blind) = 32), -- Door: a witness serves one attempt
	body         BLOB NOT NULL CHECK (length(body) > 0),
	mac          BLOB NOT NULL CHECK (length(mac) = 32),
	PRIMARY KEY (prescription, n)
) STRICT, WITHOUT ROWID;
-- Door: at most one attempt of a prescription is not known to be dead.
CREATE UNIQUE INDEX one_live_attempt ON attempts (prescription) WHERE live = 1;

CREATE TABLE records (
	prescription INTEGER NOT NULL REFERENCES prescriptions (n),
	n            INTEGER NOT NULL CHECK (n >= 1),
	version      INTEGER NOT NULL CHECK (version >= 1),
	adopted      INTEGER NOT NULL CHECK (adopted IN (0, 1)),
	rid_blind    BLOB NOT NULL UNIQUE CHECK (length(rid_blind) = 32), -- Door: a RID belongs to one prescription
	body         BLOB NOT NULL CHECK (length(body) > 0),
	mac          BLOB NOT NULL CHECK (length(mac) = 32),
	PRIMARY KEY (prescription, n)
) STRICT, WITHOUT ROWID;
-- Door: a prescription bears one RID.
CREATE UNIQUE INDEX one_adopted_record ON records (prescription) WHERE adopted = 1;

CREATE TABLE sheets (
	prescription INTEGER NOT NULL,
	n            INTEGER NOT NULL CHECK (n >= 1),
	version      INTEGER NOT NULL CHECK (version >= 1),
	usable       INTEGER NOT NULL CHECK (usable IN (0, 1)),
	id           TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
	state        TEXT NOT NULL CHECK (state = 'paper'),
	body         BLOB NOT NULL CHECK (length(body) > 0),
	mac          BLOB NOT NULL CHECK (length(mac) = 32),
	PRIMARY KEY (prescription, n),
	-- Door: what has a sheet never leaves the paper door, of which this is the one state.
	FOREIGN KEY (prescription, state) REFERENCES prescriptions (n, state)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX one_usable_sheet ON sheets (prescription) WHERE usable = 1;

-- The pool of KGSS keys that no attempt has used.
CREATE TABLE keys (
	n       INTEGER PRIMARY KEY,
	blind   BLOB NOT NULL UNIQUE CHECK (length(blind) = 32),
	patient TEXT NOT NULL REFERENCES patients (id),
	added   TEXT NOT NULL,
	body    BLOB NOT NULL CHECK (length(body) > 0),
	mac     BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;
CREATE INDEX key_of_patient ON keys (patient);

CREATE TABLE drafts (
	id      TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 36),
	version INTEGER NOT NULL CHECK (version >= 1),
	body    BLOB NOT NULL CHECK (length(body) > 0),
	mac     BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

CREATE TABLE settings (
	name    TEXT NOT NULL PRIMARY KEY CHECK (name <> ''),
	version INTEGER NOT NULL CHECK (version >= 1),
	value   BLOB NOT NULL CHECK (length(value) > 0),
	mac     BLOB NOT NULL CHECK (length(mac) = 32)
) STRICT;

-- Audit chain and change feed: one line for each change of a prescription, a patient, a setting or the directory.
CREATE TABLE journal (
	seq     INTEGER PRIMARY KEY, -- without a gap: no line is ever deleted
	at      TEXT NOT NULL,
	kind    TEXT NOT NULL CHECK (CASE kind WHEN 'directory' THEN 1 WHEN 'patient' THEN 1 WHEN 'setting' THEN 1 WHEN 'issued' THEN 1 WHEN 'event' THEN 1 ELSE 0 END),
	row     TEXT NOT NULL CHECK (row <> ''),
	version INTEGER NOT NULL CHECK (version >= 1), -- of the row afterwards
	event   BLOB CHECK (length(event) > 0),
	link    BLOB NOT NULL CHECK (length(link) = 32)
) STRICT;
CREATE INDEX journal_of_row ON journal (row);

-- Door: a witness is taken from the pool at most once, and never comes back.
CREATE TRIGGER attempt_takes_key AFTER INSERT ON attempts BEGIN
	DELETE FROM keys WHERE blind = NEW.key_blind;
END;
CREATE TRIGGER key_is_fresh BEFORE INSERT ON keys WHEN EXISTS (SELECT 1 FROM attempts WHERE key_blind = NEW.blind) BEGIN
	SELECT RAISE(ABORT, 'key used');
END;
CREATE TRIGGER attempt_keeps_key BEFORE UPDATE OF prescription, n, key_blind ON attempts
WHEN NEW.prescription <> OLD.prescription OR NEW.n <> OLD.n OR NEW.key_blind IS NOT OLD.key_blind BEGIN
	SELECT RAISE(ABORT, 'an attempt keeps its witness');
END;
CREATE TRIGGER record_keeps_rid BEFORE UPDATE OF prescription, n, rid_blind ON records
WHEN NEW.prescription <> OLD.prescription OR NEW.n <> OLD.n OR NEW.rid_blind <> OLD.rid_blind BEGIN
	SELECT RAISE(ABORT, 'a record keeps its RID');
END;

-- Door: paper is never left. What ended otherwise is left only for the paper that a lost copy of the directory handed over, and what is
-- at Recip-e moreover by being revoked.
CREATE TRIGGER state_is_final BEFORE UPDATE OF state ON prescriptions
WHEN NEW.state <> OLD.state AND (OLD.state = 'paper' OR NEW.state <> 'paper' AND (OLD.state IN ('withdrawn', 'lapsed', 'revoked')
	OR OLD.state = 'confirmed' AND NEW.state <> 'revoked' OR OLD.state = 'refused' AND NEW.state <> 'withdrawn')) BEGIN
	SELECT RAISE(ABORT, 'the state is final');
END;
CREATE TRIGGER version_counts BEFORE UPDATE ON prescriptions WHEN NEW.version <> OLD.version + 1 BEGIN
	SELECT RAISE(ABORT, 'a version follows its predecessor');
END;

-- Door: what was issued never changes, and nothing that was issued disappears.
CREATE TRIGGER prescription_is_frozen
BEFORE UPDATE OF n, id, order_id, line, patient, issued, begins, expires, electronic, proof, replaces, ingredients, content ON prescriptions BEGIN
	SELECT RAISE(ABORT, 'frozen at issue');
END;
CREATE TRIGGER prescription_stays BEFORE DELETE ON prescriptions BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER content_is_frozen BEFORE UPDATE ON contents BEGIN SELECT RAISE(ABORT, 'frozen at issue'); END;
CREATE TRIGGER content_stays BEFORE DELETE ON contents BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER order_is_frozen BEFORE UPDATE ON orders BEGIN SELECT RAISE(ABORT, 'frozen at issue'); END;
CREATE TRIGGER order_stays BEFORE DELETE ON orders BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER attempt_stays BEFORE DELETE ON attempts BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER record_stays BEFORE DELETE ON records BEGIN SELECT RAISE(ABORT, 'kept'); END;
CREATE TRIGGER sheet_stays BEFORE DELETE ON sheets BEGIN SELECT RAISE(ABORT, 'kept'); END;

-- The journal is only ever added to.
CREATE TRIGGER journal_is_written BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
CREATE TRIGGER journal_stays BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'append only'); END;
