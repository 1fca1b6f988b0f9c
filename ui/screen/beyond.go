package screen

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"relais/ui/kit"
	"relais/ui/model"
)

// recipe is what Recip-e holds for the patient, below the patient's name, once it was asked for.
type recipe struct {
	title   *kit.Text
	notices kit.Notices
	close   *kit.Button
	box     *fyne.Container
}

func newRecipe() *recipe {
	r := &recipe{title: kit.NewText(), notices: kit.NewNotices(), close: kit.NewButton()}
	r.box = kit.NewColumn(container.NewBorder(nil, nil, nil, r.close, r.title), kit.Capped(r.notices.Object(), 16*kit.Unit))
	r.box.Hide()
	return r
}

func (r *recipe) show(v *model.RecipeView) {
	visible(v != nil, r.box)
	if v == nil {
		return
	}
	r.title.Set(kit.Soft(v.Title))
	r.notices.Show(v.Notices)
	r.close.Set(v.Close)
}
