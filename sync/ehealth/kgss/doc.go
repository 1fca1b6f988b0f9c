// Package kgss gets symmetric keys from the key generation and storage service (KGSS) of the eHealth platform: a new one with
// the list of those who may read it later (GetNewKey), or one by its identifier for somebody on that list (GetKey).
//
// Both requests are sealed (package etee) for the KGSS, and carry the requester's own encryption token, for which the answer is
// sealed. GetNewKey shows nothing else of who asks; GetKey is a signed message with a token of the STS, against which the KGSS
// holds the list.
//
// Contract: a key is returned only when the answer was sealed for us, the KGSS signed it (its certificate leads to the
// anchors and names the KGSS), and it was signed after the question was asked, as far as clocks tell: an old answer played
// again would give a key twice. A key has 16 bytes (AES-128). Each call sends at most one request to the KGSS, and to the ETK
// depot what etk.Depot does not keep.
//
// Failure: every error is an *Error with a Kind; a failed call has the *soap.Error below it, a missing encryption token the
// *etk.DepotError. Asking for a new key again is safe: a key that was made and lost harms nobody. That no key is used twice is
// for the caller, who keeps them. When the KGSS refuses what was sealed for it, its encryption token may be an old one:
// Client.Depot.Refresh gets the new one.
//
// Keys, identifiers and access lists print themselves redacted, and no error holds any of them or the words of the server.
package kgss
