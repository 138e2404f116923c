package nodeapi_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// What is asked for (node-24, node-25): refusals of all kinds take the same time, and a right login is answered while a
// stranger tries many wrong ones.
const (
	triesOfAKind = 200
	wantedSpread = 3 * time.Millisecond
	wrongASecond = 500
	wantedRight  = 300 * time.Millisecond
)

// from is a client with an address of its own.
func from(address string) *http.Transport {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	return &http.Transport{DialContext: dialer.DialContext, MaxIdleConnsPerHost: wrongASecond,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
}

// try logs in once, and tells the status and how long it took.
func try(ctx context.Context, url string, client *http.Transport, authorize func(*http.Request)) (int, time.Duration, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/info", nil)
	if err != nil {
		return 0, 0, err
	}
	authorize(req)
	begin := time.Now()
	res, err := client.RoundTrip(req)
	if err != nil {
		return 0, 0, err
	}
	took := time.Since(begin)
	return res.StatusCode, took, res.Body.Close()
}

func basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

// BenchmarkRefusals takes the time of wrong log-ins of each kind in turn, each from an address that has not been refused
// before.
func BenchmarkRefusals(b *testing.B) {
	web, _, _ := serve(b)
	// A key of its own for each try: one that is guessed at is soon refused for that.
	known := make([]string, triesOfAKind)
	for i := range known {
		made := ask(b, web.URL, web.Client().Transport.(*http.Transport), call{method: "POST", path: "/access_keys",
			user: nodeUser, password: nodePass, body: `{"storage":{"type":"local","path":"/projects"}}`})
		var key struct{ ID string }
		if err := json.Unmarshal(made, &key); err != nil {
			b.Fatal(err)
		}
		known[i] = key.ID
	}
	kinds := []struct {
		name string
		with func(try int) func(*http.Request)
	}{
		{"wrong secret of a known key", func(i int) func(*http.Request) { return basic(known[i], "wrong") }},
		{"wrong secret of an unknown key", func(i int) func(*http.Request) { return basic(fmt.Sprintf("unknown-%d", i), "wrong") }},
		{"unknown user", func(i int) func(*http.Request) { return basic(fmt.Sprintf("nobody%d@example.com", i), "wrong") }},
		{"wrong bearer signature", func(i int) func(*http.Request) {
			return func(r *http.Request) {
				r.Header.Set("Authorization", fmt.Sprintf("Bearer %s%d", strings.Repeat("bm90aGluZw", 20), i))
			}
		}},
	}
	took := make([][]time.Duration, len(kinds))
	for i := range triesOfAKind {
		for k, kind := range kinds {
			client := from(fmt.Sprintf("127.1.%d.%d", k*10+i/200, 1+i%200))
			status, d, err := try(b.Context(), web.URL, client, kind.with(i))
			client.CloseIdleConnections()
			if err != nil || status != http.StatusUnauthorized {
				b.Fatalf("%s: %d %v", kind.name, status, err)
			}
			took[k] = append(took[k], d)
		}
	}
	var medians []time.Duration
	for k, kind := range kinds {
		slices.Sort(took[k])
		medians = append(medians, took[k][triesOfAKind/2])
		b.Logf("%-32s %v", kind.name, medians[k].Round(10*time.Microsecond))
	}
	spread := slices.Max(medians) - slices.Min(medians)
	b.ReportMetric(float64(spread.Microseconds())/1000, "spread-ms")
	if spread > wantedSpread {
		b.Errorf("the medians differ by %v, at most %v is asked for", spread, wantedSpread)
	}
}

// BenchmarkRightLogin takes the time of first right log-ins, each from an address of its own, while one address tries
// 500 wrong ones a second.
func BenchmarkRightLogin(b *testing.B) {
	web, _, _ := serve(b)
	ctx, stop := context.WithCancel(b.Context())
	var flood errgroup.Group
	flood.SetLimit(2 * wrongASecond)
	flooded := make(chan struct{})
	go func() {
		defer close(flooded)
		stranger := from("127.2.0.1")
		tick := time.NewTicker(time.Second / wrongASecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				flood.Go(func() error {
					_, _, _ = try(ctx, web.URL, stranger, basic(fmt.Sprintf("nobody-%d", i), "wrong")) // whatever is answered
					return nil
				})
			}
		}
	}()
	defer func() { stop(); <-flooded; _ = flood.Wait() }()
	time.Sleep(time.Second)
	var took []time.Duration
	for i := range 50 {
		client := from(fmt.Sprintf("127.3.0.%d", 1+i))
		status, d, err := try(b.Context(), web.URL, client, basic(nodeUser, nodePass))
		client.CloseIdleConnections()
		if err != nil || status != http.StatusOK {
			b.Fatalf("a right login: %d %v", status, err)
		}
		took = append(took, d)
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(took)
	b.Logf("median %v, longest %v", took[len(took)/2], took[len(took)-1])
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)-1].Microseconds())/1000, "most-ms")
	if most := took[len(took)-1]; most > wantedRight {
		b.Errorf("a right login took %v, at most %v is asked for", most, wantedRight)
	}
}
