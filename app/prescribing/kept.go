package prescribing

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"strconv"

	"relais/app/rx"
)

// What is kept as a sealed setting: versioned JSON, read strictly. A value that cannot be read is never written over: it
// is put aside under another name first, and the doctor is told.

// keptVersion is the version of every such value written today.
const keptVersion = 1

// readKept reads the setting of that name into v. Nothing there: v stays as it is. CodeSettingUnread when what stands
// there is damaged, CodeNewer when a newer Relais wrote it.
func (s *Service) readKept(ctx context.Context, name string, v any) error {
	b, err := s.Store.Setting(ctx, name)
	if rx.CodeOf(err) == rx.CodeNotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return decodeKept(b, v)
}

func decodeKept(b []byte, v any) error {
	var head struct {
		Version int `json:"version"`
	}
	if err := json.Unmarshal(b, &head); err != nil || head.Version < 1 {
		return rx.Fault(rx.CodeSettingUnread)
	}
	if head.Version > keptVersion {
		return rx.Fault(rx.CodeNewer)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return rx.Fault(rx.CodeSettingUnread)
	}
	if _, err := d.Token(); err != io.EOF {
		return rx.Fault(rx.CodeSettingUnread)
	}
	return nil
}

// writeKept keeps v under name. before is what reading it said: what is damaged is put aside first, what is newer stays.
func (s *Service) writeKept(ctx context.Context, name string, v any, before error) error {
	switch rx.CodeOf(before) {
	case "":
	case rx.CodeSettingUnread:
		bad, err := s.Store.Setting(ctx, name)
		if err != nil {
			return err
		}
		if err := s.Store.SetSetting(ctx, name+".aside."+strconv.FormatInt(s.Now().UnixMilli(), 10), bad); err != nil {
			return err
		}
	default:
		return before
	}
	b, err := json.Marshal(v)
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	return s.Store.SetSetting(ctx, name, b)
}
