package transfer

import (
	"context"
	"fmt"
	"sync"

	"faspex.io/operator/dataplane/engine"
)

// A client's control channel does not wait for its data link: while the link is dialled the manifest is on its way, and
// what the role asks of the engine meanwhile is kept for it. That saves a round trip.

// dialing is an end of the data link, an engine's sender or receiver, whose link is dialled when it runs.
type dialing[E interface {
	Run(context.Context) error
	Stats() engine.Stats
}] struct {
	dial func(context.Context) (engine.Link, error)
	make func(engine.Link) (E, error)

	mu   sync.Mutex
	made bool // end is there
	end  E
	kept []func(E) error
}

// do asks something of the end: at once if it is there, else when it is made, in the order of the calls.
func (d *dialing[E]) do(f func(E) error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.made {
		return f(d.end)
	}
	d.kept = append(d.kept, f)
	return nil
}

func (d *dialing[E]) Stats() engine.Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.made {
		return engine.Stats{}
	}
	return d.end.Stats()
}

func (d *dialing[E]) Run(ctx context.Context) error {
	link, err := d.dial(ctx)
	if err != nil {
		return err
	}
	defer link.Close()
	end, err := d.start(link)
	if err != nil {
		return err
	}
	return end.Run(ctx)
}

// start makes the end and asks of it what was kept.
func (d *dialing[E]) start(link engine.Link) (E, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	end, err := d.make(link)
	if err != nil {
		return end, fmt.Errorf("start the engine: %w", err)
	}
	for _, f := range d.kept {
		if err := f(end); err != nil {
			return end, err
		}
	}
	d.end, d.made, d.kept = end, true, nil
	return end, nil
}

type dialingSender struct {
	dialing[*engine.Sender]
	config engine.Config
}

func newDialingSender(dial func(context.Context) (engine.Link, error), cfg engine.Config,
	source engine.Source) *dialingSender {
	d := &dialingSender{config: cfg}
	d.dial = dial
	d.make = func(link engine.Link) (*engine.Sender, error) { return engine.NewSender(d.config, link, source) }
	return d
}

func (d *dialingSender) Push(r engine.Range) error {
	return d.do(func(s *engine.Sender) error { return s.Push(r) })
}

func (d *dialingSender) Abandon(r engine.Range) {
	_ = d.do(func(s *engine.Sender) error { s.Abandon(r); return nil })
}

func (d *dialingSender) CloseSend() {
	_ = d.do(func(s *engine.Sender) error { s.CloseSend(); return nil })
}

// SetRate has the sender begin with the rate if it is not there yet.
func (d *dialingSender) SetRate(r engine.Rate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.config.Rate = r
	if d.made {
		d.end.SetRate(r)
	}
}

type dialingReceiver struct {
	dialing[*engine.Receiver]
}

func newDialingReceiver(dial func(context.Context) (engine.Link, error), cfg engine.Config,
	sink engine.Sink) *dialingReceiver {
	d := &dialingReceiver{}
	d.dial = dial
	d.make = func(link engine.Link) (*engine.Receiver, error) { return engine.NewReceiver(cfg, link, sink, nil) }
	return d
}

func (d *dialingReceiver) Expect(r engine.Range) error {
	return d.do(func(e *engine.Receiver) error { return e.Expect(r) })
}

func (d *dialingReceiver) CloseExpect() {
	_ = d.do(func(e *engine.Receiver) error { e.CloseExpect(); return nil })
}
