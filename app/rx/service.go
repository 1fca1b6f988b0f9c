package rx

import "time"

// Op is an operation of a remote service, by the service's own name (recipe
// protocol §1.5 and §2.5). Only createPrescription and sendNotification must never
// be repeated blindly.
type Op string

const (
	OpNewKey     Op = "getNewKey" // KGSS; all others Recip-e prescriber V4
	OpCreate     Op = "createPrescription"
	OpRevoke     Op = "revokePrescription"
	OpGet        Op = "getPrescription"
	OpStatus     Op = "getPrescriptionStatus"
	OpHistory    Op = "listRidsHistory"
	OpOpen       Op = "listOpenRids"
	OpVision     Op = "putVisionForPrescriber"
	OpFeedback   Op = "putFeedbackFlag"
	OpNotify     Op = "sendNotification"
	OpFeedbacks  Op = "listFeedbacks"
	OpProperties Op = "getValidationProperties"
)

// Ops are all operations.
var Ops = []Op{OpNewKey, OpCreate, OpRevoke, OpGet, OpStatus, OpHistory, OpOpen, OpVision, OpFeedback, OpNotify, OpFeedbacks, OpProperties}

// Service that offers the operation.
func (o Op) Service() Service {
	if o == OpNewKey {
		return KGSS
	}
	return Recipe
}

// Service is a remote service that prescribing depends on.
type Service string

const (
	Recipe   Service = "recipe"
	KGSS     Service = "kgss"
	STS      Service = "sts"
	ETKDepot Service = "etk"
)

// Services are all of them.
var Services = []Service{Recipe, KGSS, STS, ETKDepot}

// Key is a symmetric key of the KGSS. Its id is the witness of the one attempt
// that uses it; the secret seals the content.
type Key struct {
	ID     KeyID  `json:"id"`
	Secret []byte `json:"secret"` // 16 bytes, AES-128
}

// Parcel is what one create carries.
type Parcel struct {
	Prescription ID
	Attempt      int
	Patient      SSIN
	Type         string // P0, P1
	Expires      Date   // of the prescription
	Feedback     bool
	Visibility   Visibility
	Local        ID // LOCAL id inside the message
	Message      []byte
	Key          Key
	Signed       time.Time // created and end of the signed timestamp, by the server's clock
	SignedUntil  time.Time
}

// Call is one request to a service. Which fields it needs depends on Op.
type Call struct {
	Op      Op
	Patient SSIN    // key, lists
	RID     RID     // revoke, get, status, vision, feedback flag, notification
	Parcel  *Parcel // create
	Active  bool    // history: still-active data (true) or the history store
	Session string  // lists: to go on after a page
	Reason  string  // revoke
	Vision  Visibility
	Flag    bool   // feedback flag; read flag of listFeedbacks
	Text    []byte // notification: what is said to the pharmacy, plain text
	// Pharmacy that is notified: the first eight digits of its NIHII number.
	Pharmacy string
}

// Reply is what came of a call. Result decides what the rest means:
//
//	accepted    the operation took place; the fields of the operation are set
//	refused     an authenticated business refusal; Problem
//	not-sent    no byte of the request can have been processed; Why
//	unanswered  anything else, also a gate that turns the timestamp away: the same
//	            request may have passed it before, or may yet; Why
type Reply struct {
	Result   Result
	Why      string // class: refused-connection, timeout, dropped, …
	Problem  *Problem
	ServerAt time.Time // the server's clock in the answer; zero when there was none

	Key     Key      // getNewKey
	RID     RID      // createPrescription
	Status  Status   // getPrescriptionStatus
	KeyID   KeyID    // getPrescription: the witness; "" when it cannot be read
	Local   ID       // getPrescription: LOCAL id of the content; "" when it has none or cannot be read
	Content *Content // getPrescription: what stands in it; nil when it cannot be read
	Sealed  string   // getPrescription: why it cannot be read, one of the Sealed…; "" when it can
	Letters []Letter // listFeedbacks
	Listed  []Listed // lists
	More    bool     // lists: another page, to be asked with Session
	Session string
}

// Why a content cannot be read.
const (
	SealedKeyRefused = "key-refused" // the KGSS does not give its key to us
	SealedKeyAway    = "key-away"    // its key could not be had now
	SealedForm       = "form"        // what came is not what it should be, or nobody vouches for it
)

// Content is what can be read of a prescription at Recip-e, by whomever it was written:
// texts as they stand there, "" what it does not hold.
type Content struct {
	Author  string // name of the prescriber
	Written string // date, yyyy-mm-dd
	Expires string // last day, yyyy-mm-dd
	Lines   []ContentLine
}

// ContentLine is one product of a content.
type ContentLine struct {
	Name     string
	Posology string
	Quantity string // packages
	Begin    string // not before, yyyy-mm-dd
}

// Letter is a pharmacist's feedback as Recip-e lists it.
type Letter struct {
	RID    RID
	By     string // number of the sender
	Sent   time.Time
	Text   string
	Sealed bool // the content could not be opened: Text is ""
}

// silence are the classes of failures in which nobody answered, or only what stands in front of the service.
var silence = map[string]bool{
	"": true, "refused-connection": true, "timeout": true, "slow": true, "dropped": true, "server-failure": true, "given-up": true,
	"http-502": true, "http-503": true, "http-504": true,
}

// Silent tells that a class of failure (Reply.Why) is one without an answer. It is for words alone: what is known of an
// operation is Reply.Result's to say, and an answer that cannot be understood says no more of it than none.
func Silent(why string) bool { return silence[why] }

// OK tells that the operation took place.
func (r Reply) OK() bool { return r.Result == ResultAccepted }

// Listed is one line of a list. Status is empty in the open list.
type Listed struct {
	RID    RID
	Status Status
}
