package model

import (
	"context"
	"errors"
	"strconv"
	"time"

	"relais/app/i18n"
	"relais/app/rx"
)

// Unlock asks for the passphrase.
type Unlock struct {
	env  *Env
	demo string // the demonstration's passphrase, "" elsewhere
	open func(context.Context, []byte) error
	// Behind tells that what was locked is still being ended: opening waits for that. nil: nothing was.
	Behind func() bool

	trying bool
	err    error
	wait   time.Duration // until it may be tried again
	focus  Focus
}

// waitCode and its argument are how a directory asks for patience after wrong passphrases.
const (
	waitCode = "passphrase-wait"
	waitArg  = "seconds"
)

// NewUnlock asks; open is told the passphrase, off the screen's goroutine.
func NewUnlock(env *Env, demo string, open func(context.Context, []byte) error) *Unlock {
	u := &Unlock{env: env, demo: demo, open: open}
	u.focus.to(FieldText)
	return u
}

// Try tries a passphrase; opened is called when it was right.
func (u *Unlock) Try(passphrase string, opened func()) {
	if u.trying || u.wait > 0 {
		return
	}
	u.trying, u.err = true, nil
	u.env.Do(func(ctx context.Context) func() {
		err := u.open(ctx, []byte(passphrase))
		return func() {
			u.trying, u.err = false, err
			if err == nil {
				opened()
				return
			}
			var fault *rx.Error
			if errors.As(err, &fault) && fault.Code == waitCode {
				if n, err := strconv.Atoi(fault.Args[waitArg]); err == nil {
					u.wait = time.Duration(n) * time.Second
				}
			}
			u.focus.to(FieldText)
			u.env.Changed()
		}
	})
}

// Pass lets time pass: a wait that was asked for is counted down.
func (u *Unlock) Pass(d time.Duration) { u.wait = max(0, u.wait-d) }

// UnlockView is the lock screen.
type UnlockView struct {
	Title   string
	Label   string
	Demo    string // the passphrase of the demonstration, in a sentence
	Busy    string // said while it opens
	Notices []Notice
	Open    Button
	Focus   Focus
}

// View is the lock screen as it stands.
func (u *Unlock) View() UnlockView {
	lang := u.env.Lang
	v := UnlockView{Title: i18n.Text(lang, "ui.unlock"), Label: i18n.Text(lang, "ui.unlock.passphrase"), Focus: u.focus}
	if u.demo != "" {
		v.Demo = i18n.Text(lang, "ui.unlock.demo", "passphrase", u.demo)
	}
	switch {
	case u.trying && u.Behind != nil && u.Behind():
		v.Busy = i18n.Text(lang, "ui.unlock.behind")
	case u.trying:
		v.Busy = i18n.Text(lang, "ui.unlock.busy")
	}
	v.Open = Button{Label: i18n.Text(lang, "ui.unlock.open"), On: !u.trying && u.wait == 0, Strong: true}
	switch {
	case u.err == nil:
	case rx.CodeOf(u.err) == waitCode && u.wait > 0:
		seconds := int((u.wait + time.Second - 1) / time.Second)
		v.Notices = u.env.faults(rx.Fault(waitCode, waitArg, strconv.Itoa(seconds)))
	case rx.CodeOf(u.err) == waitCode:
		v.Notices = []Notice{{Tone: Quiet, Text: i18n.Text(lang, "ui.unlock.again")}}
	default:
		v.Notices = u.env.faults(u.err)
	}
	return v
}
