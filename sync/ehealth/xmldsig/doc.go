// Package xmldsig reads XML under limits, canonicalises it and makes and verifies XML signatures over parts of a document
// (XML-Signature 1.0 as WS-Security and SAML 1.1 use it).
//
// Reading. Parse scans the text once before any tree is built: size, depth, elements, attributes; UTF-8 only; no DTD, no
// processing instruction, no entity but the five of XML; well-formed with namespaces, one root. Nothing that passed the
// scanner is understood differently by the tree.
//
// Canonical form. Exclusive c14n without comments, with its prefix list (also #default), written straight from the tree: no
// copy lies between what is digested and what is used. (The canonicalizer of goxmldsig is the second opinion of the tests. It
// orders attributes of several namespaces by their local names, writes xmlns="" where nothing is to be undone, and knows no #default.)
//
// Verifying. Only the algorithms of Suite and the transforms exc-c14n and, for an enveloped signature, enveloped-signature.
// Every reference is "#id" to exactly one element, ids are unique in the document. Verify returns the very elements that
// were digested: whoever uses them must not look them up again. Which elements had to be signed, where they had to stand and
// whose key it was is for the caller: this package knows no SOAP and no certificates.
//
// Comments inside a signed part are refused: the canonical form would not show them, readers might.
package xmldsig
