package wire

// Party begins each parameter. The service takes the prescriber from the session; a number is sent where the operation needs it.
type Party struct {
	PrescriberID Private `xml:"prescriberId,omitempty"` // NIHII, 11 digits
	ExecutorID   Private `xml:"executorId,omitempty"`   // NIHII of a pharmacy, 8 digits
	PatientID    Private `xml:"patientId,omitempty"`    // SSIN, 11 digits
	Type         string  `xml:"type,omitempty"`
	Quality      string  `xml:"quality,omitempty"`
}

// CreateParam is of createPrescription.
type CreateParam struct {
	Party
	Prescription      Bytes   `xml:"prescription"`     // packed and sealed under the KGSS key
	PrescriptionType  string  `xml:"prescriptionType"` // P0, P1
	FeedbackRequested bool    `xml:"feedbackRequested"`
	KeyID             Private `xml:"keyId"` // base64 text of the key's identifier
	SymmKey           SymmKey `xml:"symmKey"`
	PrescriberLabel   string  `xml:"prescriberLabel,omitempty"` // nobody sends it
	ExpirationDate    string  `xml:"expirationDate,omitempty"`  // 2006-01-02, the last day; as in the KMEHR message
	Vision            string  `xml:"vision,omitempty"`          // "" or Locked
}

// Locked hides a prescription from whoever has only the patient's number.
const Locked = "Locked"

// RevokeParam is of revokePrescription.
type RevokeParam struct {
	Party
	RID     Private `xml:"rid"`
	Reason  Private `xml:"reason"`
	SymmKey SymmKey `xml:"symmKey"`
}

// GetParam is of getPrescription.
type GetParam struct {
	Party
	RID     Private `xml:"rid"`
	SymmKey SymmKey `xml:"symmKey"`
}

// StatusParam is of getPrescriptionStatus.
type StatusParam struct {
	Party
	SymmKey SymmKey `xml:"symmKey"`
	RID     Private `xml:"rid"`
}

// Page is where a list goes on; what it holds is the service's. nil: from the beginning.
type Page struct {
	Month      int   `xml:"month"`
	Year       int   `xml:"year"`
	PageNumber int   `xml:"pageNumber"`
	Context    Bytes `xml:"context"`
}

// OpenRidsParam is of ListOpenRids.
type OpenRidsParam struct {
	Party
	SymmKey SymmKey `xml:"symmKey"`
	Page    *Page   `xml:"page,omitempty"`
	Session Bytes   `xml:"session,omitempty"` // that of the result before
}

// RidsHistoryParam is of listRidsHistory.
type RidsHistoryParam struct {
	Party
	SymmKey       SymmKey `xml:"symmKey"`
	ActiveResults *bool   `xml:"activeResults,omitempty"` // true: those still in use; false: from the archive
	Page          *Page   `xml:"page,omitempty"`
	Session       Bytes   `xml:"session,omitempty"`
}

// VisionParam is of putVisionForPrescriber.
type VisionParam struct {
	Party
	SymmKey SymmKey `xml:"symmKey"`
	RID     Private `xml:"rid"`
	Vision  string  `xml:"vision,omitempty"`
}

// FeedbackFlagParam is of putFeedbackFlag.
type FeedbackFlagParam struct {
	Party
	RID           Private `xml:"rid"`
	AllowFeedback bool    `xml:"allowFeedback"`
	SymmKey       SymmKey `xml:"symmKey"`
}

// NotificationParam is of sendNotification.
type NotificationParam struct {
	Party
	Content Bytes   `xml:"content"` // packed and sealed for the pharmacy
	SymmKey SymmKey `xml:"symmKey"`
}

// FeedbacksParam is of listFeedbacks. What readFlag means is not known for certain: false is sent.
type FeedbacksParam struct {
	Party
	ReadFlag bool    `xml:"readFlag"`
	SymmKey  SymmKey `xml:"symmKey"`
}

// PropertiesParam is of getValidationProperties.
type PropertiesParam struct {
	Party
	SymmKey       SymmKey `xml:"symmKey"`
	ClientVersion string  `xml:"clientPropertiesVersion"`
}
