package wire

// Codes of a Status.
const (
	Done   = "100"
	Failed = "300"
)

// Status begins each result.
type Status struct {
	Code               string    `xml:"code"`
	MessageCode        string    `xml:"messageCode,omitempty"` // a key such as error.validation.…
	Messages           []Message `xml:"messages"`
	StatusUpdater      Private   `xml:"statusUpdater,omitempty"`      // who archived or revoked
	PrescriptionStatus string    `xml:"prescriptionStatus,omitempty"` // of the RID, now
}

// Message is what the service says, in one language. Its text may hold anything.
type Message struct {
	Language string  `xml:"lang,attr,omitempty"` // FR, NL, DE, EN or NA
	Text     Private `xml:",chardata"`
}

// Good tells that the operation was done. Some answer 200.
func (s Status) Good() bool { return s.Code == Done || s.Code == "200" }

// In gives the message in a language, or else in the first of FR, NL, DE, EN and any in which there is one.
func (s Status) In(language string) Private {
	for _, want := range []string{language, "FR", "NL", "DE", "EN", ""} {
		for _, m := range s.Messages {
			if want == "" || m.Language == want {
				return m.Text
			}
		}
	}
	return ""
}

// Outcome begins each result; on its own it is the result of revoke, putVision, updateFeedbackFlag and sendNotification.
type Outcome struct {
	ID     string `xml:"id,attr,omitempty"`
	Status Status `xml:"status"`
}

// Told is the status, whatever the result.
func (o Outcome) Told() Status { return o.Status }

// Result is any of the results.
type Result interface{ Told() Status }

// CreateResult is of createPrescription.
type CreateResult struct {
	Outcome
	RID Private `xml:"rid"` // may be empty when the code says that it failed
}

// GetResult is of getPrescription.
type GetResult struct {
	Outcome
	CreationDate    *DateTime `xml:"creationDate"`
	EncryptionKeyID Private   `xml:"encryptionKeyId,omitempty"` // base64 text, the keyId of the create
	FeedbackAllowed bool      `xml:"feedbackAllowed"`
	PatientID       Private   `xml:"patientId,omitempty"`
	Prescription    Bytes     `xml:"prescription,omitempty"`
	RID             Private   `xml:"rid,omitempty"`
	ExpirationDate  *DateTime `xml:"expirationDate"`
}

// StatusResult is of getPrescriptionStatus.
type StatusResult struct {
	Outcome
	PrescriptionStatus string  `xml:"prescriptionStatus,omitempty"` // NotDelivered, InProcess, Delivered, Revoked, Expired, Archived
	ExecutorID         Private `xml:"executorId,omitempty"`
}

// OpenRidsResult is of ListOpenRids.
type OpenRidsResult struct {
	Outcome
	RIDs    []Private `xml:"prescriptions"`
	HasMore bool      `xml:"hasMoreResults"`
	Session Bytes     `xml:"session,omitempty"`
}

// RidsHistoryResult is of listRidsHistory.
type RidsHistoryResult struct {
	Outcome
	Items   []HistoryItem `xml:"items"`
	HasMore bool          `xml:"hasMoreResults"`
	Session Bytes         `xml:"session,omitempty"`
}

// HistoryItem is a RID with its status.
type HistoryItem struct {
	RID                Private `xml:"rid,omitempty"`
	PrescriptionStatus string  `xml:"prescriptionStatus,omitempty"`
}

// FeedbacksResult is of listFeedbacks.
type FeedbacksResult struct {
	Outcome
	Feedbacks []Feedback `xml:"feedbacks"`
}

// Feedback is what a pharmacist wrote about a prescription.
type Feedback struct {
	RID      Private  `xml:"rid"`
	SentBy   Private  `xml:"sentBy"`
	SentDate DateTime `xml:"sentDate"`
	Content  Bytes    `xml:"content"` // packed and sealed for the prescriber
}

// PropertiesResult is of getValidationProperties: the rules of messages, as the service has them now.
type PropertiesResult struct {
	Outcome
	Schemas       SchemaFiles `xml:"xsdValidationFiles"`
	Properties    Properties  `xml:"properties"`
	ServerVersion string      `xml:"serverPropertiesVersion"`
}

// SchemaFiles are archives of schemas.
type SchemaFiles struct {
	Entries []SchemaFile `xml:"entry"`
}

// SchemaFile is an archive of schemas.
type SchemaFile struct {
	Name    string `xml:"key,omitempty"`
	Archive Bytes  `xml:"value,omitempty"` // zip
}

// Properties are rules.
type Properties struct {
	Entries []Property `xml:"entry"`
}

// Property is one rule.
type Property struct {
	Name  string `xml:"key,omitempty"`
	Value string `xml:"value,omitempty"`
}
