package gateway

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// stopsOnDeadline is an answer of a request that is stopped while its deadline is set.
type stopsOnDeadline struct {
	http.ResponseWriter
	stop func()
}

func (s *stopsOnDeadline) SetReadDeadline(time.Time) error {
	s.stop()
	return nil
}

// TestStoppedBodyIsNotWaitedFor: whoever takes a file over does not wait for the request before, even if it was about
// to give its body more time.
func TestStoppedBodyIsNotWaitedFor(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	control := http.NewResponseController(&stopsOnDeadline{httptest.NewRecorder(), cancel})
	b := &patchBody{r: strings.NewReader("bytes"), control: control, ctx: ctx}
	if n, err := b.Read(make([]byte, 5)); n != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d bytes are read, %v", n, err)
	}
}
