package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/app/i18n"
	"relais/app/rx"
	"relais/ui/kit"
	"relais/ui/model"
)

// Outages is what is known of the services.
type Outages struct {
	title    *kit.Text
	sum      kit.Notices
	services *kit.Stack[model.ServiceView]
	waiting  kit.Notices
	can      *kit.Text
	box      *fyne.Container
}

// NewOutages makes the screen.
func NewOutages() *Outages {
	s := &Outages{title: kit.NewText(), sum: kit.NewNotices(), services: kit.NewStack(newService), waiting: kit.NewNotices(), can: kit.NewText()}
	s.box = container.NewBorder(s.title, nil, nil, nil,
		kit.Pane(kit.NewColumn(s.sum.Object(), s.services.Object(), s.waiting.Object(), s.can)))
	return s
}

// Object is what it looks like.
func (s *Outages) Object() fyne.CanvasObject { return s.box }

// Show shows what the model says.
func (s *Outages) Show(lang rx.Lang, v model.OutagesView) {
	s.title.Set(kit.Span{Text: v.Title, Plain: true, Bold: true, Big: true})
	if v.Retry.Label != "" {
		v.Sum.Buttons = []model.Button{v.Retry}
	}
	s.sum.Show([]model.Notice{v.Sum})
	s.services.Set(v.Services, func(_ int, x model.ServiceView) string { return x.Name })
	s.waiting.Show(v.Waiting)
	var spans []kit.Span
	if len(v.Without) > 0 {
		spans = append(spans, kit.Strong(i18n.Text(lang, "ui.outages.can")))
	}
	for _, w := range v.Without {
		spans = append(spans, kit.Words("• "+w).Line())
	}
	s.can.Set(spans...)
}

// service is one of them.
type service struct {
	text *kit.Text
	card *fyne.Container
}

func newService() kit.Row[model.ServiceView] {
	s := &service{text: kit.NewText()}
	s.card = kit.Gap(kit.Card(s.text))
	return s
}

func (s *service) Object() fyne.CanvasObject { return s.card }

func (s *service) Show(v model.ServiceView) {
	spans := []kit.Span{kit.Strong(v.Name), kit.Quiet("   "), kit.Toned(v.State.Tone, v.State.Text)}
	for _, f := range v.Facts {
		spans = append(spans, kit.Words(f).Line())
	}
	s.text.Set(spans...)
}
