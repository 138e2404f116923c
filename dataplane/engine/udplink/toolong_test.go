package udplink_test

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
)

// What the device does not carry, because it has changed since the handshake, is lost like what the path does not
// carry, which the sender notices. It does not end the session.
func TestDatagramsThatTheDeviceDoesNotCarry(t *testing.T) {
	server, client := pair(t, "127.0.0.1:0", engine.Config{ID: 1, Secret: [32]byte{1}}, udplink.Options{})
	for name, link := range map[string]engine.Link{"dialled": client, "listening": server} {
		if name == "listening" { // It sends nothing before it knows its peer.
			go func() {
				for err := error(nil); err == nil; {
					_, _, err = client.Receive(make([]byte, 64<<10), 50*time.Millisecond)
				}
			}()
			if _, err := server.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		train := make([]byte, 65520)
		if err := link.Send(train, len(train)); err != nil {
			t.Errorf("%s: %v (too long: %v)", name, err, errors.Is(err, syscall.EMSGSIZE))
		}
	}
}
