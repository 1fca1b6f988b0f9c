-- Version 2: the RID of an answer may prove another's, or nobody's. Then the prescription has no RID, and may have been received all the same.

-- Door: paper is never left. What ended otherwise is left only for the paper that a lost copy of the directory handed over, and what is
-- at Recip-e moreover by being revoked, or when its RID proves another's. Then it bears that one no more (record_keeps_rid).
DROP TRIGGER state_is_final;
CREATE TRIGGER state_is_final BEFORE UPDATE OF state ON prescriptions
WHEN NEW.state <> OLD.state AND (OLD.state = 'paper' OR NEW.state <> 'paper' AND (OLD.state IN ('withdrawn', 'lapsed')
	OR OLD.state = 'confirmed' AND NEW.state NOT IN ('revoked', 'sending', 'unknown')
	OR OLD.state = 'revoked' AND NEW.state NOT IN ('confirmed', 'sending', 'unknown')
	OR OLD.state = 'refused' AND NEW.state <> 'withdrawn')) BEGIN
	SELECT RAISE(ABORT, 'the state is final');
END;

-- A RID that is not borne may be given free, for the prescription whose it is.
DROP TRIGGER record_keeps_rid;
CREATE TRIGGER record_keeps_rid BEFORE UPDATE OF prescription, n, rid_blind ON records
WHEN NEW.prescription <> OLD.prescription OR NEW.n <> OLD.n OR NEW.rid_blind <> OLD.rid_blind AND NEW.adopted = 1 AND OLD.adopted = 1 BEGIN
	SELECT RAISE(ABORT, 'a record keeps its RID');
END;
