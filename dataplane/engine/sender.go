package engine

import "context"

// Sender moves pushed ranges from a Source to the peer's Receiver.
type Sender struct{}

// NewSender prepares a sender; nothing happens before Run.
func NewSender(cfg Config, link Link, src Source) (*Sender, error) { return nil, ErrClosed }

// Push appends a range to send. Ranges go out in the order pushed and must not overlap;
// adjacent ones are joined, so that small files share packets. Callable while running.
func (s *Sender) Push(r Range) error { return r.check() }

// CloseSend says that no further range will be pushed.
func (s *Sender) CloseSend() {}

// Run sends until every pushed range is acknowledged as written after CloseSend (nil), the
// peer is silent for IdleTimeout (ErrPeerLost), the source fails, or ctx ends (its error).
// It does not close the link.
func (s *Sender) Run(ctx context.Context) error { return ErrClosed }

// SetRate changes policy, target, minimum and cap of a running sender.
func (s *Sender) SetRate(r Rate) {}

// Stats is a snapshot; safe at any time.
func (s *Sender) Stats() Stats { return Stats{} }
