package recipe

import (
	"context"
	"strings"

	"relais/app/rx"
	"relais/sync/ehealth/etee"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/kmehr"
	"relais/sync/recipe/wire"
)

// opened puts into the reply what can be read of a record's message. Its LOCAL id, as its author's program wrote it, says which order and line of
// which directory it is, also where the key of the attempt was lost with an older copy of the directory.
func (c *Client) opened(ctx context.Context, r *wire.GetResult, reply *rx.Reply) {
	message, why := c.content(ctx, r)
	if reply.Sealed = why; why != "" {
		return
	}
	reply.Local, reply.Content, reply.Sealed = readIn(message)
}

// readIn gives the LOCAL id and the content of a message, both from one reading: what counts as read, and as another's since it does not bear an id
// of ours, was searched for that id to the end.
func readIn(message []byte) (local rx.ID, content *rx.Content, sealed string) {
	read, err := kmehr.Read(message)
	if err != nil {
		return "", nil, rx.SealedForm
	}
	return rx.ID(read.LocalID), contentOf(read), ""
}

// content gives the message of a record, or why it cannot be read.
func (c *Client) content(ctx context.Context, r *wire.GetResult) (message []byte, why string) {
	id, err := kgss.ParseKeyID(string(r.EncryptionKeyID))
	if err != nil || len(r.Prescription) == 0 {
		return nil, rx.SealedForm
	}
	ctx, done := context.WithTimeout(ctx, patienceForContent)
	defer done()
	token, err := c.token(ctx)
	if err != nil {
		return nil, rx.SealedKeyAway
	}
	key, err := c.Keys.Key(ctx, id, token.Security())
	if err != nil {
		if keyFailed(err).Result == rx.ResultRefused {
			return nil, rx.SealedKeyRefused
		}
		return nil, rx.SealedKeyAway
	}
	unsealer := c.Contents
	unsealer.Keys, unsealer.KEK = nil, key.KEK()
	if message = unpacked(unsealer, r.Prescription); message == nil {
		return nil, rx.SealedForm
	}
	return message, ""
}

// unpacked is a content opened and unpacked, nil when that cannot be done.
func unpacked(unsealer etee.Unsealer, sealed []byte) []byte {
	packed, verdict := unsealer.Unseal(sealed)
	if !verdict.Accepted {
		return nil
	}
	content, err := wire.Unpack(packed)
	if err != nil {
		return nil
	}
	return content
}

func contentOf(r kmehr.Reading) *rx.Content {
	c := &rx.Content{Author: strings.TrimSpace(r.Author.LastName + " " + r.Author.FirstName), Written: r.Date, Expires: r.Expires}
	if c.Author == "" {
		c.Author = r.Author.Name
	}
	for _, i := range r.Items {
		name := i.Name
		if name == "" {
			name = i.Text
		}
		for _, part := range i.Compounds {
			name = strings.TrimSpace(name + " " + part.Name + " " + part.Quantity + " " + part.Unit)
		}
		c.Lines = append(c.Lines, rx.ContentLine{Name: name, Posology: i.Posology, Quantity: i.Quantity, Begin: i.Begin})
	}
	return c
}

// letters opens what pharmacists wrote to the doctor. What cannot be opened is told all the same: it is there.
func (c *Client) letters(list []wire.Feedback) []rx.Letter {
	letters := make([]rx.Letter, len(list))
	for i, f := range list {
		l := rx.Letter{RID: rx.RID(f.RID), By: string(f.SentBy), Sent: f.SentDate.Time, Sealed: true}
		if message := unpacked(c.Contents, f.Content); message != nil {
			if text, err := kmehr.ReadFeedback(message); err == nil {
				l.Text, l.Sealed = text, false
			}
		}
		letters[i] = l
	}
	return letters
}

// sourceOf reads the version of the medicines file from which a KMEHR message was written, for the platform.
func sourceOf(message []byte) string {
	doc, err := xmldsig.Parse(message, xmldsig.Limits{})
	if err != nil {
		return unknownSource
	}
	if s := doc.FindElement("/kmehrmessage/header/externalsource/source"); s != nil {
		cd, version := s.SelectElement("cd"), s.SelectElement("version")
		if cd != nil && version != nil && cd.Text() != "" && version.Text() != "" {
			return cd.Text() + ":" + version.Text()
		}
	}
	return unknownSource
}
