package batchio

import (
	"errors"
	"net"
	"testing"
	"time"
)

// A wake-up that comes between the look at it and the beginning of the wait is not lost, though the wait
// then sets a deadline of its own.
func TestWakeBeforeTheWait(t *testing.T) {
	c := listen(t, Options{})
	c.in.buf = make([]byte, ReceiveBuffer)
	c.Wake()
	waited := make(chan error, 1)
	go func() { waited <- c.waiter.wait(time.Now().Add(time.Hour), 0) }()
	select {
	case err := <-waited:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Error("the wait goes on")
		c.Close()
		<-waited
	}
}

// A wait that begins, or a rest that ends, after the closing says what one says that was under way.
func TestCloseBeforeTheWait(t *testing.T) {
	c := listen(t, Options{})
	c.in.buf = make([]byte, ReceiveBuffer)
	if err := c.waiter.wait(time.Now().Add(time.Millisecond), 0); err != nil {
		t.Fatal(err)
	}
	c.Close()
	if err := c.waiter.wait(time.Now().Add(time.Hour), 0); !errors.Is(err, net.ErrClosed) {
		t.Errorf("wait: %v", err)
	}
	if err := c.waiter.wait(c.waiter.deadline, time.Hour); !errors.Is(err, net.ErrClosed) {
		t.Errorf("wait with a deadline that stands: %v", err)
	}
	c.waiter.open = true
	if err := c.waiter.shut(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("shut: %v", err)
	}
}
