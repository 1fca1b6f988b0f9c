package wire

import "slices"

// Namespaces.
const (
	outerNamespace  = "urn:be:fgov:ehealth:recipe:protocol:v4"
	statusNamespace = "urn:be:fgov:ehealth:commons:core:v2"
	innerNamespace  = "http:/services.recipe.be/prescriber" // one slash, as the schema has it
)

// Operation is what the protocol says of an operation of the prescriber.
type Operation struct {
	Name    string // of the WSDL, and the end of the SOAPAction
	Element string // before Request and Response
	Param   string // root of the sealed parameter
	Result  string // root of the result
	Effect  Effect
}

// Effect says what a second call does.
type Effect int

const (
	Reads Effect = iota // nothing
	Sets                // the same as the first
	Makes               // it makes or sends a second one
)

// The operations of the prescriber (WSDL RecipeWebService-prescriber-4_0). There is no operation for several prescriptions at once.
var (
	CreatePrescription      = Operation{"createPrescription", "CreatePrescription", "createPrescriptionParam", "createPrescriptionResult", Makes}
	RevokePrescription      = Operation{"revokePrescription", "RevokePrescription", "revokePrescriptionParam", "revokePrescriptionResult", Sets}
	GetPrescription         = Operation{"getPrescription", "GetPrescription", "getPrescriptionForPrescriberParam", "getPrescriptionForPrescriberResult", Reads}
	GetPrescriptionStatus   = Operation{"getPrescriptionStatus", "GetPrescriptionStatus", "getPrescriptionStatusParam", "getPrescriptionStatusResult", Reads}
	ListRidsHistory         = Operation{"listRidsHistory", "ListRidsHistory", "listRidsHistoryParam", "listRidsHistoryResult", Reads}
	ListOpenRids            = Operation{"ListOpenRids", "ListOpenRids", "listOpenRidsParam", "listOpenRidsResult", Reads} // capital, as in the WSDL
	PutVision               = Operation{"putVisionForPrescriber", "PutVisionForPrescriber", "putVisionParam", "putVisionResult", Sets}
	PutFeedbackFlag         = Operation{"putFeedbackFlag", "PutFeedbackFlag", "updateFeedbackFlagParam", "updateFeedbackFlagResult", Sets}
	SendNotification        = Operation{"sendNotification", "SendNotification", "sendNotificationParam", "sendNotificationResult", Makes}
	ListFeedbacks           = Operation{"listFeedbacks", "ListFeedbacks", "listFeedbacksParam", "listFeedbacksResult", Sets} // may mark them as read
	GetValidationProperties = Operation{"getValidationProperties", "GetValidationProperties", "validationPropertiesParam", "validationPropertiesResult", Reads}
)

// Operations are all of them.
var Operations = []Operation{
	CreatePrescription, RevokePrescription, GetPrescription, GetPrescriptionStatus, ListRidsHistory, ListOpenRids, PutVision,
	PutFeedbackFlag, SendNotification, ListFeedbacks, GetValidationProperties,
}

// Action is the SOAPAction, without its quotes.
func (o Operation) Action() string { return outerNamespace + ":" + o.Name }

// OperationOf gives the operation of a request by the local name of its element.
func OperationOf(element string) (Operation, bool) {
	i := slices.IndexFunc(Operations, func(o Operation) bool { return o.Element+"Request" == element })
	if i < 0 {
		return Operation{}, false
	}
	return Operations[i], true
}
