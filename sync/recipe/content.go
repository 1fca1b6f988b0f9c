package recipe

import (
	"context"

	"relais/app/rx"
	"relais/sync/ehealth/kgss"
	"relais/sync/ehealth/xmldsig"
	"relais/sync/recipe/wire"
)

// local gives the LOCAL id of a record's message, as its author's program wrote it, "" when the message cannot be read: it says which order and
// line of which directory it is, also where the key of the attempt was lost with an older copy of the directory.
func (c *Client) local(ctx context.Context, r *wire.GetResult) rx.ID {
	id, err := kgss.ParseKeyID(string(r.EncryptionKeyID))
	if err != nil || len(r.Prescription) == 0 {
		return ""
	}
	ctx, done := context.WithTimeout(ctx, patienceForContent)
	defer done()
	token, err := c.token(ctx)
	if err != nil {
		return ""
	}
	key, err := c.Keys.Key(ctx, id, token.Security())
	if err != nil {
		return ""
	}
	unsealer := c.Contents
	unsealer.KEK = key.KEK()
	packed, verdict := unsealer.Unseal(r.Prescription)
	if !verdict.Accepted {
		return ""
	}
	message, err := wire.Unpack(packed)
	if err != nil {
		return ""
	}
	_, local := headerOf(message)
	return local
}

// headerOf reads what calls need of a KMEHR message: the version of the medicines file it was written from, for the platform, and its LOCAL id.
func headerOf(message []byte) (source string, local rx.ID) {
	source = unknownSource
	doc, err := xmldsig.Parse(message, xmldsig.Limits{})
	if err != nil || doc.Root().Tag != "kmehrmessage" {
		return source, ""
	}
	for _, id := range doc.FindElements("/kmehrmessage/header/id[@S='LOCAL']") {
		local = rx.ID(id.Text())
	}
	if s := doc.FindElement("/kmehrmessage/header/externalsource/source"); s != nil {
		cd, version := s.SelectElement("cd"), s.SelectElement("version")
		if cd != nil && version != nil && cd.Text() != "" && version.Text() != "" {
			source = cd.Text() + ":" + version.Text()
		}
	}
	return source, local
}
