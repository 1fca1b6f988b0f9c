package world

import (
	"slices"
	"time"

	"relais/app/rx"
)

// memory keeps a world in maps. What it gives are its own records: the logic
// changes them in place, after every check.
type memory struct {
	governs   control
	keyRows   map[rx.KeyID]keyRow
	byRID     map[rx.RID]*Record
	byPatient map[rx.SSIN][]*Record
	byLocal   map[rx.ID][]*Record
	inOrder   []*Record
	texts     []Message
	flights   []*flight // by ID
	lastID    int64
}

func newMemory() *memory {
	return &memory{
		keyRows: map[rx.KeyID]keyRow{}, byRID: map[rx.RID]*Record{},
		byPatient: map[rx.SSIN][]*Record{}, byLocal: map[rx.ID][]*Record{},
	}
}

func (m *memory) begin() (shelf, error) { return m, nil }
func (m *memory) commit() error         { return nil }
func (m *memory) close() error          { return nil }

func (m *memory) control() *control     { return &m.governs }
func (m *memory) setControl(c *control) { m.governs = *c }

func (m *memory) key(id rx.KeyID) (keyRow, bool) { row, ok := m.keyRows[id]; return row, ok }
func (m *memory) addKey(id rx.KeyID, row keyRow) { m.keyRows[id] = row }
func (m *memory) putKey(id rx.KeyID, row keyRow) { m.keyRows[id] = row }
func (m *memory) keys() map[rx.KeyID]keyRow      { return m.keyRows }
func (m *memory) record(rid rx.RID) *Record      { return m.byRID[rid] }
func (m *memory) putRecord(*Record)              {}
func (m *memory) ofPatient(p rx.SSIN) []*Record  { return m.byPatient[p] }
func (m *memory) ofLocal(local rx.ID) []*Record  { return m.byLocal[local] }
func (m *memory) records() []*Record             { return m.inOrder }
func (m *memory) messages() []Message            { return m.texts }
func (m *memory) putMessage(text Message)        { m.texts[text.Seq-1] = text }

func (m *memory) addRecord(r *Record) {
	m.inOrder = append(m.inOrder, r)
	r.Seq = int64(len(m.inOrder))
	m.byRID[r.RID] = r
	m.byPatient[r.Patient] = append(m.byPatient[r.Patient], r)
	m.byLocal[r.Local] = append(m.byLocal[r.Local], r)
}

func (m *memory) addMessage(text Message) {
	text.Seq = int64(len(m.texts)) + 1
	m.texts = append(m.texts, text)
}

func (m *memory) addFlight(f *flight) {
	m.lastID++
	f.ID = m.lastID
	m.flights = append(m.flights, f)
}

func (m *memory) flight(id int64) *flight {
	for _, f := range m.flights {
		if f.ID == id {
			return f
		}
	}
	return nil
}

func (m *memory) putFlight(*flight) {}

func (m *memory) dropFlight(id int64) {
	m.flights = slices.DeleteFunc(m.flights, func(f *flight) bool { return f.ID == id })
}

func (m *memory) forget(before time.Time) {
	m.flights = slices.DeleteFunc(m.flights, func(f *flight) bool { return f.Reply != nil && f.due().Before(before) })
}

func (m *memory) due(at time.Time) int64 {
	var first *flight
	for _, f := range m.flights {
		if f.Reply == nil && !f.due().After(at) && (first == nil || f.due().Before(first.due())) {
			first = f
		}
	}
	if first == nil {
		return 0
	}
	return first.ID
}

func (m *memory) attempt(_ int64, do func()) error { do(); return nil }
func (m *memory) setAside() int                    { return 0 }
