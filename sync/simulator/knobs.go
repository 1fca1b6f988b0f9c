package simulator

import "errors"

// Knobs say how the simulator takes what is not known of the real services (recipe protocol §7). The zero value is the
// strictest that all known clients pass; each field names the line of §7 that it is about.
type Knobs struct {
	NoSHA1           bool     `json:"no_sha1"`            // 2: messages signed with rsa-sha1 are refused. Else taken, as the WSDL's policy names them
	TokenSHA1        bool     `json:"token_sha1"`         // 2: tokens are signed with rsa-sha1, as those of 2020 were, whatever NoSHA1 says of messages
	AnyVersion       bool     `json:"any_version"`        // 3: any PrescriptionVersion. Else 1.28, or kmehr_1. and a number
	VisionNeedsInfo  bool     `json:"vision_needs_info"`  // 4: putVision without AdministrativeInformation is refused, as its schema says and nobody does
	AnyPrescriberID  bool     `json:"any_prescriber_id"`  // 6: a prescriberId that is not the session's is ignored. Else refused; absent is always right
	Refusals         Refusals `json:"refusals"`           // 13: how Recip-e refuses
	ExactAction      bool     `json:"exact_action"`       // 16: SOAPAction as in the WSDL, with its one capital, in quotes. Else in any case of its first letter, quotes or none
	OldSeals         bool     `json:"old_seals"`          // 19: a seal signed more than ten minutes ago is opened. Else refused
	GatewayTimeout   Span     `json:"gateway_timeout"`    // 20: after this long the gateway answers SOA-02002 and the service goes on; 0: never
	EIDSeals         bool     `json:"eid_seals"`          // 21: seals signed with PKCS #1 v1.5 are opened
	ForeignRIDs      bool     `json:"foreign_rids"`       // 22: RIDs of other prescribers can be read and revoked
	OldKeys          bool     `json:"old_keys"`           // 23: what was sealed for a key before etk-rotated is opened
	ReadFlagIncludes bool     `json:"read_flag_includes"` // 24: listFeedbacks with the flag marks nothing as read
}

// Refusals is how Recip-e says no to a message that it understood.
type Refusals string

const (
	RefusedInside  Refusals = ""      // by the inner status, 300
	RefusedOutside Refusals = "outer" // by the outer status, without a result
	RefusedByFault Refusals = "fault" // by a SOAP fault with a BusinessError
)

// UnmarshalText takes no other word.
func (r *Refusals) UnmarshalText(b []byte) error {
	switch *r = Refusals(b); *r {
	case RefusedInside, RefusedOutside, RefusedByFault:
		return nil
	}
	return errors.New("simulator: refusals are \"\", \"outer\" or \"fault\"")
}
