// Package engine moves one byte space (the transfer space, 48-bit offsets) from a
// sender to a receiver over UDP: encrypted, authenticated, loss-repaired by ranges
// and paced by measured queueing delay instead of by loss.
//
// It refuses to know what the bytes are: files, manifests, resume, tokens, SSH and
// users belong to the layers above, which hand it a shared 32-byte secret, a Source
// or a Sink and the ranges to move. The network, the clock and randomness are passed
// in, so the same code runs over real sockets and over a simulated network under
// testing/synctest. docs/protocol.md is the description of what goes over the wire.
package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"faspex.io/operator/dataplane/engine/ratecontrol"
)

// Errors a session ends with. They are wrapped: compare with errors.Is.
var (
	// ErrPeerLost says that nothing authentic came from the peer for Config.IdleTimeout.
	ErrPeerLost = errors.New("peer lost")
	// ErrIncomplete says that the sender finished before every expected range was whole.
	ErrIncomplete = errors.New("sender finished before every expected range arrived")
	// ErrAborted says that the peer gave up; its control channel knows why.
	ErrAborted = errors.New("peer gave up")
	// ErrClosed says that the link, the endpoint or the session was closed on this side.
	ErrClosed = errors.New("closed")
)

// MaxOffset bounds the transfer space: offsets travel in 48 bits (256 TiB).
const MaxOffset = int64(1) << 48

// Range is Length bytes of the transfer space from Offset on.
type Range struct{ Offset, Length int64 }

// End is the offset of the first byte after the range.
func (r Range) End() int64 { return r.Offset + r.Length }

func (r Range) check() error {
	if r.Offset < 0 || r.Length < 0 || r.Offset > MaxOffset || r.Length > MaxOffset-r.Offset {
		return fmt.Errorf("range %d+%d is outside of the transfer space", r.Offset, r.Length)
	}
	return nil
}

// SessionID names a session; random, chosen by the side that listens. Its low 32 bits are
// the connection id on the wire, so they have to be unique for an Endpoint (Register says
// so when they are not); all 64 bits enter the key derivation.
type SessionID uint64

// Cipher names the AEAD that protects every datagram.
type Cipher string

// The ciphers. ClearGMAC authenticates all and encrypts nothing (AES-128-GMAC): both sides have to allow it.
// There is no unauthenticated one.
const (
	AES128GCM Cipher = "aes-128-gcm"
	AES192GCM Cipher = "aes-192-gcm"
	AES256GCM Cipher = "aes-256-gcm"
	ClearGMAC Cipher = "none"
)

// Policy says how a sender shares the bottleneck.
type Policy = ratecontrol.Policy

// The policies. Fixed sends at TargetBps whatever happens; Fair takes an equal share of
// the bottleneck, High twice and Low half of it (Low also yields to TCP).
const (
	PolicyFixed = ratecontrol.Fixed
	PolicyHigh  = ratecontrol.High
	PolicyFair  = ratecontrol.Fair
	PolicyLow   = ratecontrol.Low
)

// Rate is what a sender may use, in bits per second of IP packets (headers included).
// Zero means: no target (start from what the path probe measured), no minimum, no cap.
// TargetBps is the rate of PolicyFixed and an upper bound for the other policies.
type Rate = ratecontrol.Limits

// Config is what both ends of a session agree on (ID, Secret, Cipher) and what this end
// wants (everything else; zero values are usable).
type Config struct {
	ID     SessionID
	Secret [32]byte // from the control channel; never reuse one for another session
	Cipher Cipher   // "" is AES128GCM
	Rate   Rate     // sender only; a receiver's policy is its weight in Group

	// Group, when not nil, is the virtual link this end shares with others, either senders or receivers: a receiver
	// tells its sender what its part is. PolicyHigh weighs 2, PolicyFair and PolicyFixed 1, PolicyLow one half.
	Group *RateGroup

	// MaxMemory bounds the buffers of the session in bytes; 0 is 64 MiB.
	MaxMemory int64
	// IdleTimeout is how long nothing authentic may come from the peer; 0 is 60 s.
	IdleTimeout time.Duration

	Clock  Clock        // nil is the system's
	Rand   io.Reader    // nil is crypto/rand
	Logger *slog.Logger // nil discards
}

// Clock is the time an engine lives by.
type Clock interface {
	// Now is a monotonic time since an arbitrary start.
	Now() time.Duration
	// Wall is the time since 1970, UTC. It may jump, and be wrong.
	Wall() time.Duration
	// Sleep pauses the caller's thread for d, with microseconds of precision if it can.
	Sleep(d time.Duration)
}

// Source supplies the bytes of the transfer space. ReadAt fills p entirely, is safe for
// concurrent use and may be called again for bytes already read (retransmission). An error
// ends the session: a layer above that knows files answers their read errors with zeros
// and cancels the file in its own channel.
type Source interface{ io.ReaderAt }

// Releasing is a Source that keeps bytes only until the receiver has them. Acknowledged tells it, once for
// every byte, of ranges that will not be read again, or whose content does not matter any more. It must
// not block, nor call the sender.
type Releasing interface{ Acknowledged(Range) }

// Lending is a Releasing that gives its own bytes instead of copies: from off on, at least one and at most n. They stay
// as they are until they are acknowledged.
type Lending interface {
	Releasing
	Lend(off, n int64) ([]byte, error)
}

// Sink takes the decrypted bytes: chunks of up to 1 MiB that never cross a 1 MiB boundary of
// the space, every byte of the expected ranges exactly once, in any order, from several
// goroutines at a time. An error ends the session.
type Sink interface{ io.WriterAt }

// Stats is a snapshot of a session. Bytes count payload, once, unless said otherwise.
type Stats struct {
	Bytes          int64 // sender: acknowledged as written; receiver: written
	BytesSent      int64 // sender: sent, acknowledged or not, each counted once
	BytesReceived  int64 // receiver: arrived, written or not
	WireBytes      int64 // IP bytes sent (sender) or received (receiver), everything included
	Packets        uint64
	Retransmitted  uint64 // packets that carried bytes for the second time or more
	Lost           uint64 // packet numbers reported or seen as missing
	Duplicates     uint64 // packets whose bytes were there already
	Unexpected     uint64 // packets outside of the expected ranges
	AuthFailures   uint64 // forged, damaged or truncated packets
	Replayed       uint64 // authentic packet numbers seen before
	RateBps        int64  // current pacing rate (IP bits per second)
	DeliveryBps    int64  // measured delivery rate
	CapacityBps    int64  // the controller's estimate of the bottleneck
	RTT            time.Duration
	QueueDelay     time.Duration // standing forward queueing delay
	MeanQueueDelay time.Duration // over the whole session
	Backlog        int64         // receiver: bytes held in memory
	Link           LinkStats
}

// Compile-time shape of both ends, for those who wrap them.
var (
	_ interface {
		Push(Range) error
		Abandon(Range)
		CloseSend()
		Run(context.Context) error
		SetRate(Rate)
		Stats() Stats
	} = (*Sender)(nil)
	_ interface {
		Expect(Range) error
		CloseExpect()
		Run(context.Context) error
		Stats() Stats
	} = (*Receiver)(nil)
)
