package api

import (
	"net/http"
	"strings"
	"time"

	"ringback/internal/cti"
	"ringback/internal/directory"
	"ringback/internal/id"
	"ringback/internal/subscriber"
	"ringback/internal/web/door"
)

// BlockDoc is what is written of a block. Subscriber null is every business, with a business's key its own.
type BlockDoc struct {
	Number     string     `json:"number"`
	Subscriber *string    `json:"subscriber,omitempty"`
	Reason     string     `json:"reason,omitempty"`
	Until      door.Stamp `json:"until,omitzero"`
}

// Block is a number that is not served. The number itself is not kept: a keyed hash and these few digits are.
type Block struct {
	ID             string     `json:"id"`
	Number         string     `json:"number"`
	Subscriber     *string    `json:"subscriber"`
	SubscriberSlug *string    `json:"subscriber_slug"`
	Reason         *string    `json:"reason"`
	Until          door.Stamp `json:"until"`
	OwnWish        bool       `json:"own_wish"` // the person asked for it: deleting it is on record, and no seed does
	CreatedAt      door.Stamp `json:"created_at"`
}

func (a *API) blocks() thing[BlockDoc, Block] {
	return thing[BlockDoc, Block]{
		kind: directory.Block, prefix: "blk_",
		ids:   func(d *directory.Directory) []string { return keysOf(d.Blocks) },
		whose: func(d *directory.Directory, i string) id.Subscriber { return d.Blocks[id.Block(i)].Subscriber },
		view: func(d *directory.Directory, i string) Block {
			return blockView(d, d.Blocks[id.Block(i)])
		},
		check: a.checkBlock,
	}
}

func blockView(d *directory.Directory, b *subscriber.Block) Block {
	v := Block{ID: string(b.ID), Number: b.Masked, Subscriber: door.Opt(b.Subscriber), Reason: door.Opt(b.Reason), Until: door.Stamp(b.Until), OwnWish: b.OwnWish, CreatedAt: door.Stamp(b.CreatedAt)}
	if s := d.Subscribers[b.Subscriber]; s != nil {
		v.SubscriberSlug = &s.Slug
	}
	return v
}

func (a *API) checkBlock(r *http.Request, d *directory.Directory, _ string, in *BlockDoc) (directory.Setup, error) {
	none := directory.Setup{}
	p := door.Principal(r.Context())
	b := subscriber.Block{Subscriber: p.Sees, Reason: in.Reason, Until: time.Time(in.Until)}
	region := ""
	if named := door.Text(in.Subscriber); named != "" {
		sub, err := business(d, p, named)
		if err != nil {
			return none, err
		}
		b.Subscriber = sub
	}
	if s := d.Subscribers[b.Subscriber]; s != nil {
		region = s.Region()
	}
	if in.Number == "" {
		return none, required("number")
	}
	if !b.Until.IsZero() && !b.Until.After(a.Now()) {
		return none, bad("until", "until is past. Leave it out to block for ever.")
	}
	to, masked, err := blocked(in.Number, region)
	if err != nil {
		return none, err
	}
	b.NumberHash, b.Masked = a.Conductor.HashNumber(to), masked
	return directory.Setup{Blocks: []subscriber.Block{b}}, nil
}

// blocked reads what is to be blocked: a number, or a sip: address.
func blocked(raw, region string) (cti.Endpoint, string, error) {
	if strings.HasPrefix(raw, "sip:") {
		e, err := endpoint("number", raw)
		return e, raw, err
	}
	n, err := number("number", strings.TrimPrefix(raw, "tel:"), region)
	return cti.Endpoint("tel:" + n.E164()), n.Mask(), err
}
