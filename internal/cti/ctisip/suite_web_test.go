package ctisip

import (
	"context"
	"fmt"

	"ringback/internal/cti/ctitest"
)

// pages are the suite's browsers on the simulated network, by the names they are connected under.
type suitePages struct {
	b    *bench
	open map[string]*ctitest.Browser
	n    int
}

// load opens a page, in the place of the one before.
func (w *suitePages) load(peer string) (err error) {
	w.lose(peer)
	w.n++
	conn, err := w.b.net.ListenPacket(fmt.Sprintf("10.7.0.%d:7000", w.n))
	if err != nil {
		return err
	}
	p := ctitest.NewBrowser(w.b.t, 600).On(conn)
	p.Connect(func(ctx context.Context, offer string) (string, error) { return w.b.sw.Connect(ctx, peer, offer) })
	w.open[peer] = p
	return nil
}

func (w *suitePages) lose(peer string) {
	if p := w.open[peer]; p != nil {
		p.Cut()
		delete(w.open, peer)
	}
}

func (w *suitePages) close() {
	for peer := range w.open {
		w.lose(peer)
	}
}
