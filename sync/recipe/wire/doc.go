// Package wire is the form of the messages of Recip-e, Prescriber version 4: the outer requests and responses that travel in
// SOAP, the sealed parameters and results inside them, the cipher of results, and the packing of contents. Client and
// simulated service share it: it knows the form and decides nothing.
//
// The layers of a call, from the outside:
//
//	soap:Body            Request, Response            namespace urn:be:fgov:ehealth:recipe:protocol:v4
//	  SecuredContent     of a request: a parameter (CreateParam, …), sealed for Recip-e (sync/ehealth/etee)
//	                     of a response: a result (CreateResult, …) under the SymmKey of the parameter
//	    prescription     Pack(KMEHR), sealed under a KGSS key
//
// Writing gives the order of the schemas. Reading is lenient where other programs differ (order, what is not known) and strict
// where a lenient reader could be misled: the root must be the named one, nothing that stands once may stand twice, bounds
// hold before a tree is built. Errors are ErrForm, wrapped with what and where; they hold nothing of the message. What bears a
// person or a secret is of type Private, SymmKey or []byte, none of which prints itself.
//
// A result is protected by its cipher alone, which authenticates nothing: whoever reads one after a create and fails knows
// nothing of the create.
package wire
