package admission

import (
	"errors"
	"io"
	"net"
	"testing"
)

func TestConnBoundsWhatIsReadOfAStranger(t *testing.T) {
	peer, end := net.Pipe()
	defer peer.Close()
	c := NewConn(end)
	defer c.Close()
	go func() {
		for b := make([]byte, 64<<10); ; {
			if _, err := peer.Write(b); err != nil {
				return
			}
		}
	}()
	if n, err := io.Copy(io.Discard, c); n != MostRead || !errors.Is(err, errBudget) {
		t.Errorf("%d bytes are read of a stranger, then %v", n, err)
	}
	c.Trust()
	if _, err := io.CopyN(io.Discard, c, 2*MostRead); err != nil {
		t.Errorf("whoever is trusted is still bounded: %v", err)
	}
}
