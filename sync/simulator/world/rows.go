package world

import (
	"encoding/json"
	"fmt"

	"relais/app/rx"
)

// What a file keeps of values that hold identifiers. Those come from outside: a LOCAL id that is no UUID, a patient who is
// none, a number that this computer's user made known. The types of rx refuse such texts when they are read; a row takes
// them as they are, so that whatever a call held is read again. Each field shadows that of the value it stands for, and
// the JSON is the same.
type (
	recordRow struct {
		Record
		Patient, Local, Prescriber string
	}
	messageRow struct {
		Message
		Patient string
	}
	keyRowRow struct {
		keyRow
		Patient string
	}
	parcelRow struct {
		rx.Parcel
		Prescription, Patient, Local string
	}
	callRow struct {
		rx.Call
		Patient string
		Parcel  *parcelRow
	}
	replyRow struct {
		rx.Reply
		Local string
	}
	flightRow struct {
		flight
		Call      callRow
		By        string
		Reply     *replyRow
		Feedbacks []messageRow
	}
)

func rowOfRecord(r *Record) recordRow {
	return recordRow{*r, string(r.Patient), string(r.Local), string(r.Prescriber)}
}

func (row *recordRow) value() *Record {
	r := row.Record
	r.Patient, r.Local, r.Prescriber = rx.SSIN(row.Patient), rx.ID(row.Local), rx.NIHII(row.Prescriber)
	return &r
}

func rowOfMessage(m Message) messageRow { return messageRow{m, string(m.Patient)} }

func (row *messageRow) value() Message {
	m := row.Message
	m.Patient = rx.SSIN(row.Patient)
	return m
}

func rowOfKey(k keyRow) keyRowRow { return keyRowRow{k, string(k.Patient)} }

func (row *keyRowRow) value() keyRow {
	k := row.keyRow
	k.Patient = rx.SSIN(row.Patient)
	return k
}

func rowOfCall(c rx.Call) callRow {
	row := callRow{Call: c, Patient: string(c.Patient)}
	if p := c.Parcel; p != nil {
		row.Parcel = &parcelRow{*p, string(p.Prescription), string(p.Patient), string(p.Local)}
		row.Parcel.Signed, row.Parcel.SignedUntil = p.Signed.UTC(), p.SignedUntil.UTC() // JSON has no zone of 24 hours, XML may
	}
	return row
}

func (row *callRow) value() rx.Call {
	c := row.Call
	c.Patient, c.Parcel = rx.SSIN(row.Patient), nil
	if row.Parcel != nil {
		p := row.Parcel.Parcel
		p.Prescription, p.Patient, p.Local = rx.ID(row.Parcel.Prescription), rx.SSIN(row.Parcel.Patient), rx.ID(row.Parcel.Local)
		c.Parcel = &p
	}
	return c
}

func rowOfFlight(f *flight) flightRow {
	row := flightRow{flight: *f, Call: rowOfCall(f.Call), By: string(f.By)}
	if f.Reply != nil {
		row.Reply = &replyRow{*f.Reply, string(f.Reply.Local)}
	}
	for _, m := range f.Feedbacks {
		row.Feedbacks = append(row.Feedbacks, rowOfMessage(m))
	}
	return row
}

func (row *flightRow) value() *flight {
	f := row.flight
	f.Call, f.By, f.Reply, f.Feedbacks = row.Call.value(), rx.NIHII(row.By), nil, nil
	if row.Reply != nil {
		reply := row.Reply.Reply
		reply.Local = rx.ID(row.Reply.Local)
		f.Reply = &reply
	}
	for i := range row.Feedbacks {
		f.Feedbacks = append(f.Feedbacks, row.Feedbacks[i].value())
	}
	return &f
}

// encode gives the JSON of a row that is certain to be read again: what could not would stand in everybody's way.
func encode[T any](row T) ([]byte, error) {
	b, err := json.Marshal(row)
	if err == nil {
		err = json.Unmarshal(b, new(T))
	}
	if err != nil {
		return nil, fmt.Errorf("what cannot be kept: %w", err)
	}
	return b, nil
}
