package batchio

import (
	"testing"
	"time"
)

// A wake-up that comes between the look at it and the beginning of the wait is not lost, though the wait then sets a deadline of its own.
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
