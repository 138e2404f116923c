package udplink

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"syscall"

	"faspex.io/operator/dataplane/batchio"
	"faspex.io/operator/dataplane/engine"
)

// Both sides of a link are this to an engine.
var (
	_ = []engine.Link{(*clientLink)(nil), (*serverLink)(nil)}
	_ = []engine.Stamped{(*clientLink)(nil), (*serverLink)(nil)}
	_ = []engine.Proving{(*clientLink)(nil), (*serverLink)(nil)}
	_ = []engine.Merging{(*clientLink)(nil), (*serverLink)(nil)}
	_ = []engine.TrainSender{(*clientLink)(nil), (*serverLink)(nil)}
)

// trainBuffer is what a train needs that the kernel has merged.
const trainBuffer = 64 << 10

// lostIfTooLong forgives a train that the device does not carry (EMSGSIZE), because it is another one than at the
// handshake or has changed: it is lost, as on a path that ceases to carry its size, and the sender goes on with smaller
// packets.
func lostIfTooLong(err error) error {
	if errors.Is(err, syscall.EMSGSIZE) {
		return nil
	}
	return err
}

func connStats(c *batchio.Conn) engine.LinkStats {
	return engine.LinkStats{GSO: c.GSO(), GRO: c.GRO(), GSOFallbacks: c.Fallbacks(), ReceiveDrops: c.Drops(),
		ReadBuffer: c.ReadBuffer()}
}

// random64 takes a number from the configured source of randomness.
func random64(r io.Reader) (uint64, error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return 0, fmt.Errorf("random: %w", err)
	}
	return binary.BigEndian.Uint64(b[:]), nil
}
