// Package etee seals and unseals messages for end-to-end encryption on the eHealth platform: the ETEE triple wrap.
//
//	layer 1  SignedData     by the sender (authentication)
//	layer 2  EnvelopedData  for recipients with an encryption certificate (from an ETK), or for whoever may have a KGSS key
//	layer 3  SignedData     by the author
//	         the plain bytes
//
// Each layer is a full CMS message inside the id-data content of the one before. Two signing policies: eHealth certificate
// (RSASSA-PSS, one certificate for both layers) and eID card (PKCS#1 v1.5, authentication outside, signature inside).
//
// Contract of Unseal: plain text is returned only with a verdict without errors. Outer signature and signer are judged
// first; nothing is decrypted for a signer who is not trusted. A fault of decryption has one code, whether the key, the
// padding or the structure inside was wrong. Then the inner signature is judged. The verdict holds every finding of the
// last layer that was reached.
//
// What the profile cannot give: the signing time is the signer's claim, and certificates are judged at that time; replay
// is for the protocol above to recognise; revocation is not checked (the platform's messages embed no OCSP answers).
//
// Messages are bounded by cms.MaxMessage before parsing. Keys, clock and randomness are given; no files, no network, no log.
package etee
