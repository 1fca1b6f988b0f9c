package wiring

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"relais/app/rx"
)

// faceFile is how the window looks before the directory is opened: language, light or dark, size of the text. It is the
// only file of a directory that the doctor's choices are kept in unsealed, and holds nothing else. Whoever changes it
// changes how the lock screen looks; the sealed settings hold once the directory is open.
const faceFile = "window.json"

// faceLimit is more than any such file needs.
const faceLimit = 1 << 10

type face struct {
	Language rx.Lang `json:"language,omitempty"`
	Dark     bool    `json:"dark,omitempty"`
	Text     int     `json:"text,omitempty"` // percent
}

// Face is the language and the look that the doctor chose last in this directory; nothing where none is kept, or what is
// kept cannot be read: that is no reason to keep anybody out.
func (h *House) Face() (lang rx.Lang, dark bool, text int) {
	path := filepath.Join(h.dir.Data, faceFile)
	if at, err := os.Stat(path); err != nil || at.Size() > faceLimit || h.FirstStart() {
		return "", false, 0
	}
	b, err := os.ReadFile(path)
	var f face
	if err != nil || json.Unmarshal(b, &f) != nil {
		return "", false, 0
	}
	return f.Language, f.Dark, f.Text
}

// KeepFace keeps them, in the place of those before.
func (h *House) KeepFace(lang rx.Lang, dark bool, text int) error {
	b, err := json.Marshal(face{lang, dark, text})
	if err != nil {
		return rx.Fault(rx.CodeInternal).Because(err)
	}
	aside, err := os.CreateTemp(h.dir.Data, faceFile+".*")
	if err != nil {
		return fromVault(err)
	}
	_, err = aside.Write(b)
	if err = errors.Join(err, aside.Close()); err == nil {
		err = os.Rename(aside.Name(), filepath.Join(h.dir.Data, faceFile))
	}
	if err != nil {
		return fromVault(errors.Join(err, os.Remove(aside.Name())))
	}
	return nil
}
