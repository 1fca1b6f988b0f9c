package rx

// Problem is what the service said, kept as it came: its code and its message by
// language. It is shown to the doctor and sealed at rest.
type Problem struct {
	Code     string          `json:"code,omitempty"`
	Messages map[Lang]string `json:"messages,omitempty"`
}

// In gives the message in l, else in any language that the service used.
func (p Problem) In(l Lang) string { return Words(p.Messages).In(l) }
