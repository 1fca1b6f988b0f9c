package model

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"relais/app/i18n"
	"relais/app/prescribing"
	"relais/app/rx"
)

// Look is how the window looks, by the doctor's wish.
type Look struct {
	Dark bool `json:"dark,omitempty"`
	Text int  `json:"text,omitempty"` // percent; 0 is 100
}

// TextSizes are the sizes that the text can have, in percent.
var TextSizes = []int{100, 125, 150, 200}

// lookSetting is where the look is kept.
const lookSetting = "look"

// Settings are what the doctor chooses about the window, and what the program says of itself.
type Settings struct {
	env      *Env
	version  string
	speak    func(rx.Lang) // chooses the language, and keeps it
	wear     func(Look)    // shows a look
	look     Look
	practice *rx.Practice        // nil: not read
	form     *PracticeForm       // nil: not being changed
	access   *prescribing.Access // nil: nobody tells
	barred   error               // why it could not be read
	focus    Focus
	papers   *Papers // nil: not from here
	Exercise func()  // begins a drill; nil: not from here
	notes    []note
	reading  loader
	keeping  loader
}

// NewSettings makes the settings; wear is called with each look that is chosen, also with the one that was kept.
func NewSettings(env *Env, version string, speak func(rx.Lang), wear func(Look)) *Settings {
	return &Settings{env: env, version: version, speak: speak, wear: wear, reading: loader{env: env}, keeping: loader{env: env}}
}

// SetPapers has what is chosen about documents stand here too.
func (s *Settings) SetPapers(p *Papers) { s.papers, p.focus = p, s.focus.to }

// Papers are those; nil: not from here.
func (s *Settings) Papers() *Papers { return s.papers }

// Wear tells how the window looks already.
func (s *Settings) Wear(l Look) { s.look = l }

// Load reads what was kept. A look that cannot be read is the usual one.
func (s *Settings) Load() {
	if s.papers != nil {
		s.papers.Load()
	}
	s.reading.load(func(ctx context.Context) func() {
		kept, err := s.env.Service.Store.Setting(ctx, lookSetting)
		var look Look
		if err == nil {
			err = json.Unmarshal(kept, &look)
		}
		if err != nil || !slices.Contains(TextSizes, look.Text) {
			look.Text = 0
		}
		practice, failed := s.env.Service.Practice(ctx)
		var access *prescribing.Access
		var barred error
		if tell := s.env.Service.Access; tell != nil {
			a, err := tell(ctx)
			access, barred = &a, err
		}
		return func() {
			s.access, s.barred = access, barred
			if failed != nil {
				s.notes = []note{{err: failed}}
			} else {
				s.practice = &practice
			}
			if err == nil && look != s.look && !s.keeping.running {
				s.look = look
				s.wear(look)
			}
		}
	})
}

// SetText chooses the size of the text, in percent.
func (s *Settings) SetText(percent string) {
	if n, err := strconv.Atoi(percent); err == nil && slices.Contains(TextSizes, n) {
		s.choose(Look{Dark: s.look.Dark, Text: n})
	}
}

// SetDark chooses between light and dark.
func (s *Settings) SetDark(dark string) { s.choose(Look{Dark: dark == "dark", Text: s.look.Text}) }

// SetLanguage chooses the language of the window.
func (s *Settings) SetLanguage(l string) {
	if lang, ok := i18n.Lang(l); ok {
		s.speak(lang)
	}
}

func (s *Settings) choose(look Look) {
	s.look = look
	s.wear(look)
	if s.env.Reading {
		return // for as long as the window is open
	}
	s.keeping.load(func(ctx context.Context) func() {
		b, err := json.Marshal(look)
		if err == nil {
			err = s.env.Service.Store.SetSetting(ctx, lookSetting, b)
		}
		return func() {
			if s.notes = nil; err != nil {
				s.notes = []note{{err: err}}
			}
		}
	})
}

// SettingsView is the settings in words.
type SettingsView struct {
	Title     string
	Language  Input
	Text      Input
	Look      Input
	Practice  []string    // who and where; on every document
	Access    []string    // certificate and session
	Accessed  string      // title of them
	Papers    *PapersView // nil: not from here
	Edit      Button
	Form      *PracticeView // nil: the practice is not being changed
	Focus     Focus         // FieldRow: what opens the form
	About     []string
	Notices   []Notice
	Practiced string // title of the practice
	Abouted   string // title of the program
	Drill     Button // begins an exercise
	Drilled   string // what that is

	DrillTitle string
}

// View is the settings as they stand.
func (s *Settings) View() SettingsView {
	lang := s.env.Lang
	v := SettingsView{Form: s.practiceView(), Focus: s.focus, Title: i18n.Text(lang, "ui.settings"), Notices: s.env.say(s.notes), Practiced: i18n.Text(lang, "ui.settings.practice"), Abouted: i18n.Text(lang, "ui.settings.about"),
		Language: Input{Label: i18n.Text(lang, "ui.settings.language")}, Text: Input{Label: i18n.Text(lang, "ui.settings.text")}, Look: Input{Label: i18n.Text(lang, "ui.settings.look")}}
	for _, l := range rx.Langs {
		v.Language.Choices = append(v.Language.Choices, Choice{Value: string(l), Label: i18n.Text(lang, "ui.lang."+string(l)), Chosen: l == lang})
	}
	for _, n := range TextSizes {
		v.Text.Choices = append(v.Text.Choices, Choice{Value: strconv.Itoa(n), Label: strconv.Itoa(n) + "\u00a0%", Chosen: n == max(s.look.Text, TextSizes[0])})
	}
	for _, look := range []string{"light", "dark"} {
		v.Look.Choices = append(v.Look.Choices, Choice{Value: look, Label: i18n.Text(lang, "ui.settings.look."+look), Chosen: (look == "dark") == s.look.Dark})
	}
	if p := s.practice; p != nil {
		v.Practice = []string{p.Prescriber.FirstName + " " + p.Prescriber.LastName + " · " + i18n.Text(lang, "ui.settings.nihii", "number", p.Prescriber.NIHII.Dashed()),
			p.Address.Street + " " + p.Address.Number + ", " + p.Address.Zip + " " + p.Address.City, strings.Trim(p.Phone+" · "+p.Email, " ·"),
			i18n.Text(lang, "ui.settings.more", "qualification", p.Prescriber.Qualification, "ssin", p.Prescriber.SSIN.Dotted(), "language", i18n.Text(lang, "language."+string(p.RegionLanguage)))}
	}
	v.Edit = Button{Label: i18n.Text(lang, "ui.practice.change"), On: s.practice != nil && s.form == nil && !s.env.Reading, Press: s.env.press(s.EditPractice)}
	s.viewAccess(&v)
	if s.papers != nil {
		papers := s.papers.View()
		v.Papers = &papers
		v.Edit.On = v.Edit.On && papers.Form == nil
	}
	if s.Exercise != nil {
		v.DrillTitle = i18n.Text(lang, "ui.exercise.title")
		v.Drill, v.Drilled = Button{Label: i18n.Text(lang, "ui.exercise"), On: true, Press: s.Exercise}, i18n.Text(lang, "ui.exercise.about")
	}
	environment := "ui.settings.real"
	if s.env.Simulated {
		environment = "profile.simulated"
	}
	v.About = []string{i18n.Text(lang, "ui.settings.version", "version", s.version), i18n.Text(lang, environment), i18n.Text(lang, "ui.settings.accepted"),
		i18n.Text(lang, "ui.settings.medicines", "version", s.env.Service.Medicines.Version()), i18n.Text(lang, "ui.scope")}
	return v
}
