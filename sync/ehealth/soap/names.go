package soap

// Namespaces and URIs of SOAP 1.1, WS-Security 1.0 and 1.1, and SAML 1.1.
const (
	nsSOAP   = "http://schemas.xmlsoap.org/soap/envelope/"
	nsWSSE   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
	nsWSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
	nsWSU    = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
	nsSAML   = "urn:oasis:names:tc:SAML:1.0:assertion"

	encodingBase64   = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
	valueX509        = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
	valueAssertion   = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.0#SAMLAssertionID"
	valueAssertion04 = "http://docs.oasis-open.org/wss/2004/01/oasis-2004-01-saml-token-profile-1.0#SAMLAssertionID" // of the KGSS's policy
	tokenSAML11      = "http://docs.oasis-open.org/wss/oasis-wss-saml-token-profile-1.1#SAMLV1.1"
	holderOfKey      = "urn:oasis:names:tc:SAML:1.0:cm:holder-of-key"
)

// assertionIDs are the names under which a message refers to an assertion by its id.
var assertionIDs = []string{valueAssertion, valueAssertion04}
