package world

import "relais/app/rx"

// What the server says when it refuses. Only ERR100028 and SOA-01001 are attested
// (recipe protocol §1.7, §6.1); the other numbers begin with 9 and are of this
// simulation alone.
var (
	notAuthenticated = &rx.Problem{Code: "SOA-01001", Messages: map[rx.Lang]string{rx.EN: "Service call not authenticated."}}

	alreadyRevoked  = problem("ERR100028", "La prescription est révoquée.", "Het voorschrift is ingetrokken.", "The prescription is revoked.")
	ridUnknown      = problem("ERR900001", "Ce RID n'est pas connu de ce prescripteur.", "Deze RID is niet gekend voor deze voorschrijver.", "This RID is not known for this prescriber.")
	notRevocable    = problem("ERR900002", "La prescription ne peut plus être révoquée.", "Het voorschrift kan niet meer worden ingetrokken.", "The prescription can no longer be revoked.")
	keyUnreadable   = problem("ERR900003", "La prescription ne peut pas être lue.", "Het voorschrift kan niet worden gelezen.", "The prescription cannot be read.")
	patientMissing  = problem("ERR900004", "Le patient manque.", "De patiënt ontbreekt.", "The patient is missing.")
	typeWrong       = problem("ERR900005", "Le type de prescription n'est pas connu.", "Het type voorschrift is niet gekend.", "The type of prescription is not known.")
	contentMissing  = problem("ERR900006", "Le contenu ou sa clé manque.", "De inhoud of de sleutel ervan ontbreekt.", "The content or its key is missing.")
	expiryMissing   = problem("ERR900007", "La date de fin manque.", "De einddatum ontbreekt.", "The expiry date is missing.")
	expiryPast      = problem("ERR900008", "La date de fin est passée.", "De einddatum is voorbij.", "The expiry date has passed.")
	expiryFar       = problem("ERR900009", "La date de fin est trop éloignée.", "De einddatum is te ver weg.", "The expiry date is too far away.")
	sessionUnknown  = problem("ERR900010", "La suite de cette liste n'est pas connue.", "Het vervolg van deze lijst is niet gekend.", "The continuation of this list is not known.")
	noMoreRIDs      = problem("ERR900011", "Plus de RID disponible.", "Geen RID meer beschikbaar.", "No RID is left.")
	noSuchOperation = problem("ERR900012", "Cette opération n'existe pas.", "Deze operatie bestaat niet.", "There is no such operation.")
	refusedByPlan   = problem("ERR900013", "Refus simulé.", "Gesimuleerde weigering.", "Simulated refusal.")
)

func problem(code, fr, nl, en string) *rx.Problem {
	return &rx.Problem{Code: code, Messages: map[rx.Lang]string{
		rx.FR: "[" + code + "] " + fr, rx.NL: "[" + code + "] " + nl, rx.EN: "[" + code + "] " + en,
	}}
}
