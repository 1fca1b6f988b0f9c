package world

import "relais/app/rx"

// What the server says when it refuses. Only ERR100028 and SOA-01001 are attested
// (recipe protocol §1.7, §6.1); the other numbers begin with 9 and are of this
// simulation alone.
var (
	notAuthenticated = &rx.Problem{Code: "SOA-01001", Messages: map[rx.Lang]string{rx.EN: "Service call not authenticated."}}

	alreadyRevoked  = Refusal("ERR100028", "La prescription est révoquée.", "Het voorschrift is ingetrokken.", "Die Verschreibung ist widerrufen.", "The prescription is revoked.")
	ridUnknown      = Refusal("ERR900001", "Ce RID n'est pas connu de ce prescripteur.", "Deze RID is niet gekend voor deze voorschrijver.", "Diese RID ist für diesen Verschreiber nicht bekannt.", "This RID is not known for this prescriber.")
	notRevocable    = Refusal("ERR900002", "La prescription ne peut plus être révoquée.", "Het voorschrift kan niet meer worden ingetrokken.", "Die Verschreibung kann nicht mehr widerrufen werden.", "The prescription can no longer be revoked.")
	keyUnreadable   = Refusal("ERR900003", "La prescription ne peut pas être lue.", "Het voorschrift kan niet worden gelezen.", "Die Verschreibung kann nicht gelesen werden.", "The prescription cannot be read.")
	patientMissing  = Refusal("ERR900004", "Le patient manque.", "De patiënt ontbreekt.", "Der Patient fehlt.", "The patient is missing.")
	typeWrong       = Refusal("ERR900005", "Le type de prescription n'est pas connu.", "Het type voorschrift is niet gekend.", "Der Typ der Verschreibung ist nicht bekannt.", "The type of prescription is not known.")
	contentMissing  = Refusal("ERR900006", "Le contenu ou sa clé manque.", "De inhoud of de sleutel ervan ontbreekt.", "Der Inhalt oder sein Schlüssel fehlt.", "The content or its key is missing.")
	expiryMissing   = Refusal("ERR900007", "La date de fin manque.", "De einddatum ontbreekt.", "Das Enddatum fehlt.", "The expiry date is missing.")
	expiryPast      = Refusal("ERR900008", "La date de fin est passée.", "De einddatum is voorbij.", "Das Enddatum ist vorbei.", "The expiry date has passed.")
	expiryFar       = Refusal("ERR900009", "La date de fin est trop éloignée.", "De einddatum is te ver weg.", "Das Enddatum liegt zu weit in der Zukunft.", "The expiry date is too far away.")
	sessionUnknown  = Refusal("ERR900010", "La suite de cette liste n'est pas connue.", "Het vervolg van deze lijst is niet gekend.", "Die Fortsetzung dieser Liste ist nicht bekannt.", "The continuation of this list is not known.")
	noMoreRIDs      = Refusal("ERR900011", "Plus de RID disponible.", "Geen RID meer beschikbaar.", "Es ist keine RID mehr verfügbar.", "No RID is left.")
	noSuchOperation = Refusal("ERR900012", "Cette opération n'existe pas.", "Deze operatie bestaat niet.", "Diese Operation gibt es nicht.", "There is no such operation.")
	refusedByPlan   = Refusal("ERR900013", "Refus simulé.", "Gesimuleerde weigering.", "Simulierte Ablehnung.", "Simulated refusal.")
)

// Refusal is what the service says, in its languages, each text with its code as Recip-e writes it.
func Refusal(code, fr, nl, de, en string) *rx.Problem {
	p := &rx.Problem{Code: code, Messages: map[rx.Lang]string{rx.FR: fr, rx.NL: nl, rx.DE: de, rx.EN: en}}
	for lang, text := range p.Messages {
		p.Messages[lang] = "[" + code + "] " + text
	}
	return p
}
