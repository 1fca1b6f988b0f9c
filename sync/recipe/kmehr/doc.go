// Package kmehr writes, judges and reads the KMEHR message of a prescription for Recip-e.
//
// It owns the message of standard 20190301 (XSD 1.28): Write and Composer make it from the
// frozen facts of one prescription, Validate says what is wrong with any message, Read gives
// what a pharmacist reads in it. Nobody but us judges the content before the pharmacist
// opens it, for it is sealed (recipe-protocol §4).
//
// Contract of the writer: the same facts give the same bytes, in UTF-8, the namespace as the
// default one and no prefix, elements in the order of the schema. Nothing stands in it that
// the facts do not hold. What the facts hold and the message does not:
//
//   - reimbursed, visibility and feedback, which travel beside it as parameters of
//     createPrescription; the order, the line's number and the proof, which are ours alone;
//   - of the prescriber: national number, qualification, e-mail (it stands as that of the
//     application where the software has none); of the patient: phone and language, which
//     Recip-e does not ask for; of the product: substance, ingredients, form and strength,
//     which its name says;
//   - the parts of a structured posology but its rhythm: the text says them. A dose as
//     needed, or at an interval without a code, has no coded rhythm;
//   - the unit of a dose that is counted in pieces (syringe, injection, film, spray).
//
// Otherwise said: noon is 12:00; days of the posology are the duration where none is given;
// a composed preparation with a unit that has no code is a text, as on the documents; the
// name of a formulary's reference is said to be French or Dutch, which are all that rule 61
// knows. Refused for want of a code: "before" and "during the meal", and a unit in words, in
// a dosing scheme.
//
// Contract of the validator: the verdict is that of the schema and of the 81 rules of the
// type, P0 or P1, which are restated here as tables (schema.txt, rules.go). Names are compared
// as they are written, as the rules do. It refuses some messages that the schema allows:
//
//   - more than MaxSize bytes or MaxDepth elements deep, a document type, another encoding
//     than UTF-8: before anything is kept of them;
//   - elements of KMEHR with a prefix, which no rule would see;
//   - spaces around dates and times, which validators judge differently (values.go);
//   - xsi:type and xsi:nil, an XML signature and encrypted data within the message: none has
//     a place in a prescription, which is signed and sealed as a whole.
//
// Failure modes: findings are rx.Faults with a sentence for people each, at most MaxFindings
// of them; their path is an XPath and names no content of the message.
package kmehr

import "relais/app/rx"

// The message as XML and against the schema.
const (
	CodeForm             rx.Code = "kmehr-form"              // not well-formed (line)
	CodeDocumentType     rx.Code = "kmehr-document-type"     // a DTD: never read
	CodeNotKMEHR         rx.Code = "kmehr-not"               // another root
	CodeNamespace        rx.Code = "kmehr-namespace"         // an element of another namespace
	CodeElement          rx.Code = "kmehr-element"           // not here (element, list: what may stand here)
	CodeMissingElement   rx.Code = "kmehr-missing-element"   // (list: one of these)
	CodeAttribute        rx.Code = "kmehr-attribute"         // not here, or not this value (attribute, list)
	CodeMissingAttribute rx.Code = "kmehr-missing-attribute" // (attribute)
	CodeText             rx.Code = "kmehr-text"              // where only elements may stand
	CodeValue            rx.Code = "kmehr-value"             // not of its type (form)
	CodeValueList        rx.Code = "kmehr-value-list"        // none of the words (list)
)

// The rules, several under one code where a person does the same about them (rule: the
// number).
const (
	CodeStandard      rx.Code = "kmehr-standard"
	CodeMessageID     rx.Code = "kmehr-message-id"
	CodeSender        rx.Code = "kmehr-sender"
	CodeSoftware      rx.Code = "kmehr-software"
	CodeRecipient     rx.Code = "kmehr-recipient"
	CodeFolder        rx.Code = "kmehr-folder" // one folder, transaction, heading; complete, validated
	CodePatientID     rx.Code = "kmehr-patient-id"
	CodePatientName   rx.Code = "kmehr-patient-name"
	CodePatientBirth  rx.Code = "kmehr-patient-birth"
	CodePatientSex    rx.Code = "kmehr-patient-sex"
	CodeAuthor        rx.Code = "kmehr-author"
	CodeAuthorContact rx.Code = "kmehr-author-contact"
	CodeExpiry        rx.Code = "kmehr-expiry"
	CodeLines         rx.Code = "kmehr-lines"
	CodeProduct       rx.Code = "kmehr-product"
	CodeINN           rx.Code = "kmehr-inn"
	CodeFormulary     rx.Code = "kmehr-formulary"
	CodeLifecycle     rx.Code = "kmehr-lifecycle"
	CodeTemporality   rx.Code = "kmehr-temporality"
	CodeQuantity      rx.Code = "kmehr-quantity"
	CodeQuantityOfINN rx.Code = "kmehr-quantity-of-inn"
	CodePosology      rx.Code = "kmehr-posology"
	CodeBegin         rx.Code = "kmehr-begin"
	CodeFrequency     rx.Code = "kmehr-frequency"
	CodeDeliveryDate  rx.Code = "kmehr-delivery-date"
	CodeContent       rx.Code = "kmehr-content"
	CodeSource        rx.Code = "kmehr-source"
)

// Beside the rules.
const (
	CodeExpiryDiffers rx.Code = "kmehr-expiry-differs" // from the day that travels beside the message
	CodeDayPeriod     rx.Code = "kmehr-day-period"     // no code for a part of the day in a dosing scheme
	CodeSchemeUnit    rx.Code = "kmehr-scheme-unit"    // no code for the unit of a dosing scheme
)
