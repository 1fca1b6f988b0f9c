package i18n

import (
	"errors"
	"fmt"
	"testing"

	"relais/app/rx"
)

func TestSay(t *testing.T) {
	for _, c := range []struct {
		name string
		err  error
		lang rx.Lang
		want []Said
	}{
		{"nothing", nil, rx.FR, nil},
		{"one, wrapped", fmt.Errorf("store: %w", rx.Fault(rx.CodeCNKCheck).At("$.lines[1].cnk")), rx.FR, []Said{{
			rx.CodeCNKCheck, "$.lines[1].cnk", "ligne 2, code CNK", "Le chiffre de contrôle de ce code CNK n'est pas juste.",
			"Un chiffre est faux ou interverti : recopiez le code de l'emballage, ou choisissez le médicament dans la liste."}}},
		{"several", rx.Faults{
			rx.Fault(rx.CodeExactlyOne, "of", "ssin, no_ssin").At("$.patient"),
			rx.Fault(rx.CodeOutOfRange, "min", "1", "max", "99").At("$.lines[0].quantity"),
		}, rx.NL, []Said{
			{rx.CodeExactlyOne, "$.patient", "patiënt", "Precies een van deze gegevens is nodig: rijksregisternummer (INSZ), reden zonder rijksregisternummer.",
				"Behoud er een en maak de andere leeg."},
			{rx.CodeOutOfRange, "$.lines[0].quantity", "regel 1, hoeveelheid", "Dit getal valt buiten de grenzen.", "Geef een getal binnen de grenzen: van 1 tot 99."},
		}},
		{"a kind and a day", rx.Faults{
			rx.Fault(rx.CodeNotOfKind, "kind", "inn").At("$.lines[0].cnk"),
			rx.Fault(rx.CodeTooLate, "latest", "2027-11-21").At("$.lines[0].expires"),
		}, rx.DE, []Said{
			{rx.CodeNotOfKind, "$.lines[0].cnk", "Zeile 1, CNK-Code", "Dieses Feld passt nicht zu dieser Art von Zeile (Wirkstoff (INN)).",
				"Leeren Sie dieses Feld, oder wählen Sie eine andere Art von Zeile."},
			{rx.CodeTooLate, "$.lines[0].expires", "Zeile 1, letzter Tag", "Dieses Datum liegt zu weit: Eine Verschreibung gilt höchstens ein Jahr.",
				"Wählen Sie spätestens den 21/11/2027."},
		}},
		{"what is missing, of which kind, how many", rx.Faults{
			rx.Fault("profile-not-ready", "profile", "production", "missing", "client, anchors"),
			rx.Fault(rx.CodeWrongType, "want", "integer", "got", "string").At("$.lines[0].quantity"),
			rx.Fault(rx.CodeFileTooLarge, "max", "1048576"),
			rx.Fault(rx.CodeOutOfRange, "min", "0"),
		}, rx.FR, []Said{
			{"profile-not-ready", "", "", "Cet environnement ne peut pas encore démarrer ; il manque : le client des services eHealth et Recip-e, les certificats auxquels se fier.",
				"Travaillez dans l'environnement fictif en attendant."},
			{rx.CodeWrongType, "$.lines[0].quantity", "ligne 1, quantité", "Ici il faut un nombre entier, pas un texte entre guillemets.",
				"Corrigez cette valeur ; « relais schema » montre la forme attendue."},
			{rx.CodeFileTooLarge, "", "", "Ce fichier est trop grand.", thin("Donnez un fichier d'au plus 1_048_576 octets.")},
			{rx.CodeOutOfRange, "", "", "Ce nombre est hors des limites.", "Donnez un nombre dans les limites : au moins 0."},
		}},
		{"not ours", errors.New("disk: secret of the engineer"), rx.EN, []Said{{
			rx.CodeInternal, "", "", "Relais met a fault that it cannot name.", "What was saved stays saved. Try again; if it happens again, report it with the time."}}},
	} {
		got := Say(c.lang, c.err)
		if len(got) != len(c.want) {
			t.Errorf("%s: %d said, want %d", c.name, len(got), len(c.want))
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, got[i], c.want[i])
			}
		}
	}
}

func TestPlace(t *testing.T) {
	for path, want := range map[string]string{
		"":                                     "",
		"$":                                    "",
		"$.lines[9].compounds[0].name":         "ligne 10, ingrédient 1, nom du produit",
		"$.lines[0].regimen[2].day_period":     "ligne 1, prise 3, moment de la journée",
		"$.lines[0].posology.every.unit":       "ligne 1, posologie, intervalle entre les prises, unité",
		"$.prescriber.nihii":                   "prescripteur, numéro INAMI",
		"$.patient.colour":                     "patient, colour",
		"0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11": "0192f6a0-7c1e-7b52-9d0e-5f3f0b0c7a11",
		"$.faults[3].from":                     "faults[3], from",
	} {
		if got := Place(rx.FR, path); got != want {
			t.Errorf("%q: %q, want %q", path, got, want)
		}
	}
}

// What a service said stands in the person's language, else as it came.
func TestSayWhatAServiceSaid(t *testing.T) {
	both := rx.Fault("platform-refused", "code", "-", "said", "")
	both.Problem = &rx.Problem{Code: "ERR1", Messages: map[rx.Lang]string{rx.FR: "[ERR1] Trop tard.", rx.NL: "Te laat."}}
	for lang, want := range map[rx.Lang]string{rx.FR: "Recip-e refuse (ERR1) : Trop tard.", rx.NL: "Recip-e weigert (ERR1): Te laat.", rx.DE: "Recip-e lehnt ab (ERR1): Trop tard."} {
		if got := Say(lang, both)[0].What; got != want {
			t.Errorf("%s: %q", lang, got)
		}
	}
	if got := Say(rx.FR, rx.Fault("platform-refused", "code", "-", "said", ""))[0].What; got != "Recip-e refuse (-) : sans explication." {
		t.Errorf("%q", got)
	}
}
