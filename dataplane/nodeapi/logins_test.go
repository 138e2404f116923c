package nodeapi_test

import (
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func TestLoginsAreThrottled(t *testing.T) {
	a := start(t)
	createKey(t, a.master(t), "a", "s", "/tenants/a")
	for _, id := range []string{"a", "nobody"} {
		var looked, refused atomic.Int32
		var wg sync.WaitGroup
		for i := range 60 {
			wg.Go(func() {
				_, err := a.client(t, id, "wrong"+strconv.Itoa(i)).Info(t.Context())
				switch {
				case strings.Contains(err.Error(), "401"):
					looked.Add(1)
				case strings.Contains(err.Error(), "429"):
					refused.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if looked.Load() != 20 || refused.Load() != 40 {
			t.Errorf("%s: %d secrets were looked at, %d were not", id, looked.Load(), refused.Load())
		}
	}
	_, err := a.client(t, "a", "s").Info(t.Context())
	status(t, err, 429)
	// The node user's own client is known from its former call.
	for i := range 20 {
		_, err := a.client(t, nodeUser, "wrong"+strconv.Itoa(i)).Info(t.Context())
		status(t, err, 401)
	}
	_, err = a.master(t).Info(t.Context())
	status(t, err, 429)
	for _, secret := range []string{"wrong1", nodePass} {
		if strings.Contains(a.log.String(), secret) {
			t.Error("the log holds a secret")
		}
	}
}
