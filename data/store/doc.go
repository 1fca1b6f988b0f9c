// Package store keeps: patients, orders, prescriptions with their attempts, records and sheets, drafts, settings, the pool of KGSS keys, and one
// journal that is audit chain and change feed at once. It fits outbox.Store and prescribing.Store.
//
// A data directory holds relais.db (SQLite; beside it, while it is open, relais.db-wal and relais.db-shm), window.lock and engine.lock, and, of other
// packages, vault.json. The outside mark and its trail are files elsewhere. Any number of processes may read and write; the two locks only tell who shows the
// window and who sends.
//
// Contract.
//   - What a method wrote is durable when it returns nil, and nothing of it remains when it returns an error (save that an error of the disk
//     during the commit itself may leave it written: ask again, each method bears being repeated).
//   - Issue costs one fsync. Checkpoints of the write-ahead log are made after the outside mark and at opening, where nobody waits.
//   - Every change of a prescription is rx.Step on the row at a version, in one immediate transaction, with a line in the journal.
//   - A copy that is printed on the doctor's own forms takes them from the stock in the transaction that counts the copy (forms.go).
//   - The doors are constraints of the schema too (schema/1.sql), so that no statement of any process can break them. They repeat what rx.Step
//     decides; they decide nothing.
//   - A row carries a MAC over all its columns and its version; that of a prescription also covers a digest of the MACs of its attempts, records and
//     sheets, and the MAC of its frozen content. It is checked at every read. Before a change the journal is asked for the row's last version.
//   - A directory belongs to one vault and one environment for ever.
//   - A directory that is an older copy of itself, or a copy of another, is recognised when it is opened (see recognise): what may have been sent or
//     printed by the lost copy becomes a question, and no prefetched key of it is ever used.
//
// Failure modes. A failed MAC, seal or chain is CodeDamaged with table and row id. A closed vault is CodeLocked; under a vault that opens only
// what is sealed for delivery, Work, Writing (which then gives nothing), Apply, Mark, AddKey, DropKeys, Unowned, Outside, Timeline and Changes go on. A full disk is CodeDiskFull, a writer in another
// process that does not end within five seconds CodeBusy, any other refusal of the disk CodeIO. No error holds SQL, a path or a value.
//
// Damage. A list leaves out what is damaged and counts it (CodeUnread); everything else that meets a damaged row fails, so that none is ever acted on. Check
// finds everything, and OpenReadOnly gives what is sound without writing a byte. From a directory in which something was found, by the check before
// the first create of a session or by Work, which then fails as a whole, nothing is sent any more: no create, and no look-up or revoke either, since their
// answers would be written into a file that fails. Acts of a person on single sound rows (to paper, withdraw) go on: each checks its row with children,
// content and last version. Nothing lifts this rule: the way on is another directory.
//
// What it does not protect against: a snapshot of the whole machine (directory and outside mark together) put back; deletion of drafts and of unused
// keys; loss of the write-ahead log together with the trail beside the mark; who reads the memory of an unlocked program. That a whole row was put back to an older state is found when it is to be changed or
// read alone, and by Verify, not in a list.
//
// # What is readable in the file, and what is sealed how
//
// Readable ("plain") are ids, states, times, counters, and bit masks that follow from them; nothing else may become so. Blind indexes (keyed hashes)
// find a value without telling it. Values are sealed under "delivery" when the engine needs them while the rest is locked, under "patients" when they say who
// somebody is, and else under "content". Associated data: vault, environment, table, row id, column.
//
//	table          plain                                             blind                       sealed
//	meta           vault, environment, created, version,
//	               generation, restored
//	patients       id, version                                       ssin_blind, name_blind      ssin (delivery), person (patients)
//	orders         id, patient, issued, lines                        request (keyed hash)
//	prescriptions  n, id, order_id, line, patient, version, state,   ingredients (patient and    notes (delivery: rx.Step writes them)
//	               door, issued, begins, expires, electronic,        ingredient code)
//	               proof, replaces, work, owed, harmless, numbers
//	               of attempts, records and sheets, content and
//	               children (digests of MACs)
//	contents       prescription                                                                  envelope, message (delivery), facts (content)
//	attempts       prescription, n, version, live                    key_blind                   body (delivery)
//	records        prescription, n, version, adopted                 rid_blind                   body (delivery)
//	sheets         prescription, n, version, usable, id, state                                   body (delivery)
//	keys           n, patient, added                                 blind                       body (delivery)
//	drafts         id, version                                                                   body (content)
//	settings       name, version                                                                 value (content)
//	journal        seq, at, kind, row, version                                                   event (delivery)
package store
