package transfer

import (
	"context"
	"fmt"
	"sync"

	"faspex.io/operator/dataplane/engine"
)

// A client's control channel does not wait for its data link: while the link is dialled the manifest is on its way, and what
// the role asks of the engine meanwhile is kept for it. That saves a round trip.

// dialingSender is a sender whose link is dialled when it runs.
type dialingSender struct {
	dial   func(context.Context) (engine.Link, error)
	config engine.Config
	source engine.Source

	mu     sync.Mutex
	data   *engine.Sender // nil until the link is there
	pushed []engine.Range
	closed bool
}

func (d *dialingSender) Push(r engine.Range) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.data != nil {
		return d.data.Push(r)
	}
	d.pushed = append(d.pushed, r)
	return nil
}

func (d *dialingSender) CloseSend() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.data != nil {
		d.data.CloseSend()
	}
}

func (d *dialingSender) SetRate(r engine.Rate) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.config.Rate = r
	if d.data != nil {
		d.data.SetRate(r)
	}
}

func (d *dialingSender) Stats() engine.Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.data == nil {
		return engine.Stats{}
	}
	return d.data.Stats()
}

func (d *dialingSender) Run(ctx context.Context) error {
	link, err := d.dial(ctx)
	if err != nil {
		return err
	}
	defer link.Close()
	data, err := d.start(link)
	if err != nil {
		return err
	}
	return data.Run(ctx)
}

// start makes the engine's sender and tells it what was kept.
func (d *dialingSender) start(link engine.Link) (*engine.Sender, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, err := engine.NewSender(d.config, link, d.source)
	if err != nil {
		return nil, fmt.Errorf("start the sender: %w", err)
	}
	for _, r := range d.pushed {
		if err := data.Push(r); err != nil {
			return nil, err
		}
	}
	if d.closed {
		data.CloseSend()
	}
	d.data, d.pushed = data, nil
	return data, nil
}

// dialingReceiver is a receiver whose link is dialled when it runs.
type dialingReceiver struct {
	dial   func(context.Context) (engine.Link, error)
	config engine.Config
	sink   engine.Sink

	mu       sync.Mutex
	data     *engine.Receiver // nil until the link is there
	expected []engine.Range
	closed   bool
}

func (d *dialingReceiver) Expect(r engine.Range) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.data != nil {
		return d.data.Expect(r)
	}
	d.expected = append(d.expected, r)
	return nil
}

func (d *dialingReceiver) CloseExpect() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	if d.data != nil {
		d.data.CloseExpect()
	}
}

func (d *dialingReceiver) Stats() engine.Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.data == nil {
		return engine.Stats{}
	}
	return d.data.Stats()
}

func (d *dialingReceiver) Run(ctx context.Context) error {
	link, err := d.dial(ctx)
	if err != nil {
		return err
	}
	defer link.Close()
	data, err := d.start(link)
	if err != nil {
		return err
	}
	return data.Run(ctx)
}

// start makes the engine's receiver and tells it what was kept.
func (d *dialingReceiver) start(link engine.Link) (*engine.Receiver, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, err := engine.NewReceiver(d.config, link, d.sink, nil)
	if err != nil {
		return nil, fmt.Errorf("start the receiver: %w", err)
	}
	for _, r := range d.expected {
		if err := data.Expect(r); err != nil {
			return nil, err
		}
	}
	if d.closed {
		data.CloseExpect()
	}
	d.data, d.expected = data, nil
	return data, nil
}
