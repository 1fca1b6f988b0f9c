package recipe

// reasons are what is said of a revoke, by the word for it (rx.RevokeReasons). Recip-e keeps it as free text, which pharmacists and the patient
// may read (recipe protocol §1.6): so it is a few words in the three languages of the country, and nothing that the doctor wrote.
var reasons = map[string]string{
	"wrong-patient":  "Mauvais patient / Verkeerde patiënt / Falscher Patient",
	"wrong-medicine": "Mauvais médicament ou mauvaise dose / Verkeerd geneesmiddel of verkeerde dosis / Falsches Arzneimittel oder falsche Dosis",
	"duplicate":      "Double emploi / Dubbel voorschrift / Doppelte Verschreibung",
	"stopped":        "Traitement arrêté ou plus nécessaire / Behandeling gestopt of niet meer nodig / Behandlung beendet oder nicht mehr nötig",
	"replaced":       "Remplacée par une autre prescription / Vervangen door een ander voorschrift / Durch eine andere Verschreibung ersetzt",
	"other":          "Autre motif / Andere reden / Anderer Grund",
}

// reasonInWords is the text for a word; another text is one already.
func reasonInWords(word string) string {
	if text, known := reasons[word]; known {
		return text
	}
	return word
}
