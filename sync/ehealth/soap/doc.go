// Package soap talks SOAP 1.1 with the services of the eHealth platform: it builds and signs envelopes (WS-Security 1.0),
// posts them once, reads answers and faults, and verifies signed messages.
//
// # Calling a service
//
//	client := soap.Client{Transport: soap.Transport{Anchors: tlsAnchors, Deadlines: d, UserAgent: "Relais/1.0"}, Clock: clock}
//	answer, err := client.Call(ctx, soap.Request{
//		URL:      "https://…/IAM/SecurityTokenService/v1",
//		Action:   "urn:be:fgov:ehealth:sts:protocol:v1:RequestSecurityToken", // "" for ETK depot and KGSS
//		Body:     text,                                // one XML element, with the namespaces that it uses
//		Security: soap.X509{Key: key, Certificate: c}, // nil: none; soap.SAML{Key: key, Assertion: token}: holder of key
//		Answer:   nil,                                 // or a *Verifier: the answer must be signed
//	})
//	answer.Content // *etree.Element, the one child of soap:Body, verified when Request.Answer asked for it
//	answer.Time    // the server's clock (Date), zero when it did not say
//
// What is signed: X509: Timestamp, BinarySecurityToken, Body (STS). SAML: Timestamp, Body (Recip-e, KGSS GetKey); the token is
// embedded byte for byte. ETK depot and KGSS GetNewKey take no security at all.
//
// A token is cut out of an answer by xmldsig.Standalone(element), which keeps its own signature valid, and judged by
// TokenVerifier.Verify.
//
// # Failure
//
// Every error is a *Error. Kind says what happened, Outcome whether the service may have acted:
//
//	Unknown   the default: something may have reached the service
//	NotSent   no byte of the body was handed to a connection
//	Refused   the platform's gate refused the request before the service (Fault.AtGate)
//
// Error.Fault is set for a SOAP fault, Error.Time has the server's clock when there was an answer. Nothing here repeats a
// request: no redirect is followed, every request has a connection of its own, and net/http cannot rewind the body.
// Error texts hold codes and numbers only; what the server wrote is in Fault, which prints itself redacted.
//
// # Verifying
//
// Verifier.Verify judges a whole message: for a server, for signed answers, for `relais interop verify-soap`. Signer.Build makes
// one, Signer.Sign signs a given one (`relais interop sign-soap`). The elements that were verified are returned, the very ones
// that were digested, and nothing else of the message is to be used. Position is demanded as well as signature: one
// wsse:Security in the one soap:Header, in it one Timestamp, one Signature and the one token that it names, then the one Body.
//
// A message may be signed with SHA-1 only where Verifier.Suites says so (a verdict then warns); the assertion inside it may
// unless TokenVerifier.Suites says otherwise. A Timestamp counts until it expires and at most five minutes; a minute of it may
// lie ahead.
//
// Bounds stand in xmldsig.Limits and hold before a tree is built. Clocks are given and needed wherever something is signed or
// verified; nothing here keeps state, writes files or logs.
package soap
