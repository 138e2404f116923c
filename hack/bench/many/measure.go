package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

// sample is how many bytes of a session had moved when.
type sample struct {
	at    time.Time
	bytes float64
}

type series []sample

// rate is in bits per second between two moments, by linear interpolation.
func (s series) rate(from, to time.Time) float64 {
	return (s.bytes(to) - s.bytes(from)) * 8 / to.Sub(from).Seconds()
}

func (s series) bytes(t time.Time) float64 {
	i, _ := slices.BinarySearchFunc(s, t, func(x sample, t time.Time) int { return x.at.Compare(t) })
	switch {
	case len(s) == 0 || i == 0:
		return 0
	case i == len(s):
		return s[i-1].bytes
	}
	before, after := s[i-1], s[i]
	return before.bytes + (after.bytes-before.bytes)*float64(t.Sub(before.at))/float64(after.at.Sub(before.at))
}

// watch collects what a node says of its sessions.
type watch struct {
	mu       sync.Mutex
	sessions map[string]series
}

func (w *watch) read(lines *bufio.Scanner) {
	for lines.Scan() {
		var e struct {
			Event, Session string
			Time           int64
			Bytes          float64
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil || e.Event != "progress" {
			continue
		}
		w.mu.Lock()
		w.sessions[e.Session] = append(w.sessions[e.Session], sample{time.Unix(0, e.Time), e.Bytes})
		w.mu.Unlock()
	}
}

// begun is how many sessions have moved something.
func (w *watch) begun() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sessions {
		if s[len(s)-1].bytes > 0 {
			n++
		}
	}
	return n
}

// measure runs n sessions of a node at the same time.
func (b *bench) measure(ctx context.Context, p place, n int) (o outcome, err error) {
	pair, err := p.pair(ctx)
	if err != nil {
		return o, err
	}
	var counted testbed.Report
	closePair := sync.OnceValue(func() (err error) { counted, err = pair.Close(); return err })
	defer func() { err = errors.Join(err, closePair()) }()
	w := &watch{sessions: map[string]series{}}
	out, in := io.Pipe()
	node, err := pair.B.Start(ctx, testbed.Command{Name: filepath.Join(b.programs, "node"), Output: in,
		Args: []string{"-root", filepath.Join(b.folder, "served"), "-addr", "0.0.0.0:33001"}})
	if err != nil {
		return o, err
	}
	defer node.Stop()
	go func() {
		<-node.Done()
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	var contact struct {
		Port                 int
		Fingerprint, Receive string
	}
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &contact) != nil {
		return o, fmt.Errorf("the node does not start: %s", node.Errors())
	}
	go w.read(lines)

	clients := make([]*testbed.Process, n)
	stopAll := sync.OnceFunc(func() {
		var group sync.WaitGroup
		for _, c := range clients {
			if c != nil {
				group.Go(c.Stop)
			}
		}
		group.Wait()
	})
	defer stopAll()
	before, err := testbed.Now()
	if err != nil {
		return o, err
	}
	began := time.Now()
	for i := range clients {
		if clients[i], err = pair.A.Start(ctx, testbed.Command{Name: filepath.Join(b.programs, "ascp"),
			Args: []string{"-q", "-P", strconv.Itoa(contact.Port), "--check-sshfp", contact.Fingerprint, "--policy", "fair",
				"--retry-timeout", "60", "-c", "aes128", "xfer@" + pair.Address + ":/file", "faux://"},
			Env: []string{"ASPERA_SCP_TOKEN=" + contact.Receive}}); err != nil {
			return o, err
		}
	}
	for w.begun() < n {
		if time.Since(began) > startup {
			return o, fmt.Errorf("%d of %d sessions began within %v: %s%s", w.begun(), n, startup, clients[n-1].Errors(), node.Errors())
		}
		if err := sleep(ctx, 100*time.Millisecond); err != nil {
			return o, err
		}
	}
	o.begun = time.Since(began)
	from := time.Now().Add(settle)
	to := from.Add(end - settle)
	if err := sleep(ctx, time.Until(to)+2*time.Second); err != nil {
		return o, err
	}
	lived := time.Since(began).Seconds()
	for _, c := range clients {
		if c.Ended() {
			o.note = "a session ended before the measurement did: " + c.Errors()
		}
	}
	stopAll()
	node.Stop()
	if err := closePair(); err != nil {
		return o, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.sessions {
		o.rates = append(o.rates, s.rate(from, to))
	}
	if len(o.rates) != n {
		o.note += fmt.Sprintf(" the node saw %d sessions", len(o.rates))
	}
	o.nodeMiB, o.nodeCPU = float64(node.PeakMemory())/(1<<20)/float64(n), node.CPU()/lived/float64(n)
	var memory, cpu []float64
	own := node.CPU() + counted.User + counted.System
	for _, c := range clients {
		memory, cpu = append(memory, float64(c.PeakMemory())/(1<<20)), append(cpu, c.CPU()/lived)
		own += c.CPU()
	}
	slices.Sort(memory)
	slices.Sort(cpu)
	o.clientMiB, o.clientCPU = memory[n/2], cpu[n/2]
	o.note += counted.Trouble()
	o.others, err = before.Others(own)
	return o, err
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
