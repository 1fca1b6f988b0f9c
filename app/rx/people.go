package rx

// Lang is a language of people: the screen has all four, documents FR, NL or DE.
type Lang string

const (
	FR Lang = "fr"
	NL Lang = "nl"
	DE Lang = "de"
	EN Lang = "en"
)

// Langs are the languages of the screen, DocumentLangs those of documents.
var (
	Langs         = []Lang{FR, NL, DE, EN}
	DocumentLangs = []Lang{FR, NL, DE}
)

// Sex as in CD-SEX.
type Sex string

const (
	Female     Sex = "female"
	Male       Sex = "male"
	SexUnknown Sex = "unknown"
	Changed    Sex = "changed"
	Undefined  Sex = "undefined"
)

// Sexes are the values of Sex.
var Sexes = []Sex{Female, Male, SexUnknown, Changed, Undefined}

// NoSSIN is why a patient has no national number: such a patient gets paper only.
type NoSSIN string

const (
	Newborn NoSSIN = "newborn"
	Foreign NoSSIN = "foreign"
	Pending NoSSIN = "pending"
)

// NoSSINs are the values of NoSSIN.
var NoSSINs = []NoSSIN{Newborn, Foreign, Pending}

// ProofWish is what the patient wants of the proof of electronic prescription.
type ProofWish string

const (
	ProofAuto  ProofWish = "auto"  // as recorded for the patient; paper by default
	ProofPaper ProofWish = "paper" // always printed
	ProofNone  ProofWish = "none"  // the patient agreed to go without; forced reasons still print
)

// ProofWishes are the values of ProofWish.
var ProofWishes = []ProofWish{ProofAuto, ProofPaper, ProofNone}

// Patient is a person as the practice knows them. SSIN or NoSSIN is set, never both.
type Patient struct {
	SSIN      SSIN   `json:"ssin,omitempty"`
	NoSSIN    NoSSIN `json:"no_ssin,omitempty"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	BirthDate Date   `json:"birth_date"`
	Sex       Sex    `json:"sex"`
	Language  Lang   `json:"language,omitempty"` // of documents: fr, nl, de
	Phone     string `json:"phone,omitempty"`
}

// Age in whole years on day.
func (p Patient) Age(day Date) int {
	age := day.Year - p.BirthDate.Year
	if day.Month < p.BirthDate.Month || day.Month == p.BirthDate.Month && day.Day < p.BirthDate.Day {
		age--
	}
	return age
}

// Ages below which a prescription says so (RD of 10 August 2005): ICH E11 counts newborns to the 27th day and children
// to the 11th year. The law names no age.
const (
	newbornDays = 28
	childYears  = 12
)

// IsNewborn tells that a prescription of that day says "newborn".
func IsNewborn(p Patient, day Date) bool {
	return !p.BirthDate.IsZero() && p.BirthDate.DaysUntil(day) < newbornDays
}

// IsChild tells that it says "child", or "newborn".
func IsChild(p Patient, day Date) bool { return !p.BirthDate.IsZero() && p.Age(day) < childYears }

// Practice is the prescriber and where they work, as `relais init --practice` reads it.
type Practice struct {
	Prescriber     Prescriber `json:"prescriber"`
	Address        Address    `json:"address"`
	Phone          string     `json:"phone"`
	Email          string     `json:"email"`
	RegionLanguage Lang       `json:"region_language"` // of documents when the patient has none: fr, nl, de
	Prescriber64   bool       `json:"prescriber_64,omitempty"`
}

// Prescriber is the doctor.
type Prescriber struct {
	FirstName     string `json:"first_name"`
	LastName      string `json:"last_name"`
	NIHII         NIHII  `json:"nihii"`
	SSIN          SSIN   `json:"ssin"`
	Qualification string `json:"qualification"`
}

// Address is where the practice is.
type Address struct {
	Street string `json:"street"`
	Number string `json:"number"`
	Zip    string `json:"zip"`
	City   string `json:"city"`
}
