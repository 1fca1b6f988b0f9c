package restore

import (
	"os"
	"path/filepath"

	"relais/app/rx"
	"relais/sync/simulator/world"
)

// path is what happens to the prescription of a run.
type path int

const (
	send  path = iota // sent
	paper             // taken to paper, printed, handed over
	redo              // printed, destroyed, issued again, sent
)

// stage is a step of a path at which the directory is copied.
type stage struct {
	name string
	path
	at     string // the step as wiring tells it; "": once the original has nothing to do
	faults []world.Fault
}

var (
	fine = []world.Fault(nil)
	down = []world.Fault{{Service: rx.Recipe, Kind: world.RefuseConnect}} // keys are still to be had
	lost = []world.Fault{{Service: rx.Recipe, Operation: rx.OpCreate, Kind: world.Drop, Count: 1}}
	late = []world.Fault{{Service: rx.Recipe, Operation: rx.OpCreate, Kind: world.Late, Count: 1}}
)

var stages = []stage{
	{"issued, not sent", send, "after issue", fine},
	{"a key was fetched", send, "after key", fine},
	{"waiting, with keys", send, "", down},
	{"claimed, not marked outside", send, "after mark", fine},
	{"claimed, not sent", send, "before createPrescription", fine},
	{"sent, no answer", send, "after unanswered", lost},
	{"sent, processed late", send, "after unanswered", late},
	{"answered, not settled", send, "after createPrescription", fine},
	{"accepted", send, "after accepted", fine},
	{"claimed for paper", paper, "after claimed", down},
	{"about to be printed", paper, "before sheet", down},
	{"printed", paper, "after sheet", down},
	{"handed over", paper, "after handed-over", down},
	{"destroyed and issued again", redo, "after issue", down},
	{"issued again and sent", redo, "after accepted", down},
}

// place is where the copy comes to work.
type place struct {
	name string
	open func(*run) *desk // after the original was closed, or beside it
	then func(*run) *desk // once all is answered there: another one, or the same copy again
	both bool             // the original stays open and goes on
}

var places = []place{
	{name: "put back over the original, file by file", open: putBack, then: putBack},
	{name: "put back as another directory of the same name", open: func(r *run) *desk {
		r.must(os.RemoveAll(r.original.dir.Data))
		r.copyDir(r.copy, r.original.dir.Data)
		return r.desk(r.original.dir.Data, r.original.dir.Marks)
	}},
	{name: "a second directory", open: func(r *run) *desk { return r.desk(r.copy, r.original.dir.Marks) }},
	{name: "another machine", open: func(r *run) *desk { return r.desk(r.copy, r.under("other marks")) }},
	{name: "another machine, which knows another directory", open: func(r *run) *desk {
		third := r.under("third")
		r.copyDir(r.copy, third)
		d := r.desk(third, r.under("other marks"))
		r.must(d.close())
		return r.desk(r.copy, r.under("other marks"))
	}},
	{name: "a second directory, in turns with the original", open: func(r *run) *desk { return r.desk(r.copy, r.original.dir.Marks) },
		then: func(r *run) *desk { return r.desk(r.original.dir.Data, r.original.dir.Marks) }},
	{name: "another machine, beside the original", both: true, open: func(r *run) *desk { return r.desk(r.copy, r.under("other marks")) }},
	{name: "a second directory, beside the original", both: true, open: func(r *run) *desk { return r.desk(r.copy, r.original.dir.Marks) }},
}

func (r *run) under(name string) string { return filepath.Join(r.root, name) }

// putBack writes the files of the copy over those of the original: directory and database keep their identity.
func putBack(r *run) *desk {
	r.overwrite(r.original.dir.Data)
	return r.desk(r.original.dir.Data, r.original.dir.Marks)
}
