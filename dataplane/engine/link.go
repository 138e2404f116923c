package engine

import (
	"context"
	"time"
)

// Path is what the handshake found out about a link.
type Path struct {
	MaxDatagram int           // largest UDP payload that crossed in both directions
	RTT         time.Duration // smallest handshake round trip
	CapacityBps int64         // bottleneck rate towards the peer by packet dispersion, within Rate's limits; 0 = unknown
	BeyondBps   int64         // what is known of the bottleneck's rate beyond these limits
	Overhead    int           // bytes of IP and UDP header a datagram costs beside its payload
	LocalAddr   string
	RemoteAddr  string
}

// Link carries the datagrams of one session to and from one peer. Package udplink makes real ones, package simnet
// simulated ones. What a link may be able to do beside is in the interfaces below.
type Link interface {
	// Ready waits until the peer's address has proved itself and describes the path.
	Ready(ctx context.Context) (Path, error)
	// Send transmits datagrams that lie back to back in train: all of them of size bytes, the
	// last one possibly shorter. It does not keep train.
	Send(train []byte, size int) error
	// Receive waits up to timeout for datagrams and lays them back to back into buf (64 KiB at
	// least), each of size bytes, the last one possibly shorter. n == 0 and no error is a timeout.
	Receive(buf []byte, timeout time.Duration) (n, size int, err error)
	// Stats tells how datagrams travel.
	Stats() LinkStats
	// Close ends Receive and releases the link; it may be called more than once.
	Close() error
}

// Stamped is a Link that knows when datagrams reached the machine, which may be long before Receive
// returned them. Age is how long before it returned the last ones: of the first of them; it belongs to the
// goroutine that receives.
type Stamped interface{ Age() time.Duration }

// ageOf is 0 for links that do not know.
func ageOf(l Link) time.Duration {
	if s, ok := l.(Stamped); ok {
		return s.Age()
	}
	return 0
}

// Proving is a Link whose peer shows again and again that it receives what is sent to it. While Proved is false the
// link drops most of what it is given, so a sender asks for reports and sends no data.
type Proving interface{ Proved() bool }

// TrainSender is a Link that can be told to send datagrams singly.
type TrainSender interface{ StopTrains() }

// Merging is a Link that can say whether what the last Receive returned was merged by the kernel, out of
// datagrams of the proved peer's address, and that can switch that.
type Merging interface {
	Merged() (merged, fromPeer bool)
	SetMerging(on bool) error
	// MergingFails notes that merging stays off.
	MergingFails()
}

// LinkStats are counters and properties of a link.
type LinkStats struct {
	GSO, GRO     bool   // whether trains cross the kernel in one piece
	GSOFallbacks uint64 // how often trains ceased to leave in one piece, because the kernel refused one or none arrived
	MergeFaults  uint64 // how often trains ceased to arrive in one piece, because the kernel merged them wrongly
	ReceiveDrops uint64 // datagrams the socket's buffer had no room for (SO_RXQ_OVFL)
	ReadBuffer   int    // size of the socket's buffer in bytes
	AuthFailures uint64 // forged or damaged link packets (hello, challenge)
	Rebinds      uint64 // how often the peer proved a new address
	Withheld     uint64 // trains not sent, because the peer's address had not proved itself lately
}
