// Package sts opens sessions with the security token service (STS) of the eHealth platform: a SAML 1.1 assertion, signed by
// the STS, that says who the doctor is and confirms the key of the eHealth certificate (holder of key). Recip-e and the KGSS
// take requests that are signed with that key and carry the assertion.
//
// Client asks for one token. It speaks the WS-Trust form and the older SAML-P form; what differs between them is in one file
// each. The certificate of the keystore identifies and is the holder of the key: no identity card takes part, see Reason.
//
// Contract of Client: a token is returned only when the STS signed it and its certificate leads to the anchors, it is valid
// now, it is the answer to this request as far as the form tells, it confirms our certificate, and every attribute that was
// claimed is there and right. An attribute that is missing or empty means that the platform does not recognise the person
// (NotRecognised), which no repetition changes.
//
// Session holds the token. It renews at half life; a renewal that fails leaves the token that is held, so an outage of the
// STS is felt when the token ends and not before. Callers that need a token at the same time share one request.
//
// Failure: every error is an *Error with a Kind; a failed call has the *soap.Error below it. Asking again is safe at any time:
// a token that was issued and lost harms nothing. A clock of this computer that is wrong shows as Clock. No error, and no
// print of a Token, holds bytes of a token, a number of a person or words of the server.
//
// The clock is given. It should be the server's time as well as it is known: the assertion's period is judged by it.
package sts
