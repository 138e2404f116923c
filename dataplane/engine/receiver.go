package engine

import "context"

// Receiver takes the expected ranges from the peer's Sender into a Sink.
type Receiver struct{}

// NewReceiver prepares a receiver; nothing happens before Run. onWritten, when not nil, is
// called after Sink.WriteAt returned for a range, one call at a time, ranges in any order and
// of any size (join them); it must not block for long.
func NewReceiver(cfg Config, link Link, sink Sink, onWritten func(Range)) (*Receiver, error) {
	return nil, ErrClosed
}

// Expect allows a range to be received. Data outside of the expected ranges is dropped,
// counted, and asked for again, so expecting late costs a round trip and no byte.
func (r *Receiver) Expect(g Range) error { return g.check() }

// CloseExpect says that no further range will be expected.
func (r *Receiver) CloseExpect() {}

// Run receives until every expected range is written after CloseExpect (nil), the peer is
// silent for IdleTimeout (ErrPeerLost), the peer finishes early (ErrIncomplete), the sink
// fails, or ctx ends (its error). It does not close the link.
func (r *Receiver) Run(ctx context.Context) error { return ErrClosed }

// Stats is a snapshot; safe at any time.
func (r *Receiver) Stats() Stats { return Stats{} }
