package robust

import (
	"bufio"
	"encoding/json"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

// node is a running transfer node that serves a folder.
type node struct {
	process *testbed.Process
	place   testbed.Place
	host    string
	contact struct {
		Port, UDPPort               int
		Fingerprint, Token, Receive string
	}
	// idle is what it held before the first session.
	idle state

	mu     sync.Mutex
	states []state
	ended  int // sessions whose end it has recorded
	lines  sync.Cond
	over   bool
}

// state is what a node holds.
type state struct {
	Goroutines, Descriptors int
	Stacks                  string
}

// startNode serves root at a place, where clients reach it as host. before, if any, is a command that becomes the node.
func startNode(t *testing.T, at testbed.Place, host, root string, before ...string) *node {
	t.Helper()
	out, in := io.Pipe()
	n := &node{place: at, host: host}
	n.lines.L = &n.mu
	words := append(before, filepath.Join(programs, "node"), "-root", root, "-addr", host+":0", "-log", "INFO")
	n.process = start(t, at, testbed.Command{Name: words[0], Args: words[1:], Output: in})
	go func() {
		<-n.process.Done()
		in.Close()
	}()
	lines := bufio.NewReader(out)
	first, err := lines.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(first, &n.contact)
	}
	if err != nil {
		t.Fatalf("the node says %q: %v: %s", first, err, n.process.Errors())
	}
	go n.listen(lines)
	n.idle = n.state(t)
	return n
}

// listen takes the events.
func (n *node) listen(lines *bufio.Reader) {
	for {
		line, err := lines.ReadBytes('\n')
		n.mu.Lock()
		n.over = err != nil
		var kind struct{ Event string }
		if err == nil && json.Unmarshal(line, &kind) == nil {
			var s state
			switch {
			case kind.Event == "state" && json.Unmarshal(line, &s) == nil:
				n.states = append(n.states, s)
			case kind.Event == "end":
				n.ended++
			}
		}
		n.lines.Broadcast()
		n.mu.Unlock()
		if err != nil {
			return
		}
	}
}

// state asks a node that lives what it holds.
func (n *node) state(t *testing.T) state {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	known := len(n.states)
	n.process.Signal(syscall.SIGUSR1)
	for len(n.states) == known && !n.over {
		n.lines.Wait()
	}
	if n.over {
		t.Fatalf("the node has ended: %s", n.process.Errors())
	}
	return n.states[len(n.states)-1]
}

// patience is how long things may take that need no time, on a machine that is busy.
const patience = 60 * time.Second

// endsSession waits until the node has recorded the end of a session.
func (n *node) endsSession(t *testing.T) {
	t.Helper()
	late := time.AfterFunc(patience, func() {
		t.Errorf("the node does not record the end of the session: %s", n.process.Errors())
		n.process.Kill()
	})
	defer late.Stop()
	n.mu.Lock()
	defer n.mu.Unlock()
	for n.ended == 0 && !n.over {
		n.lines.Wait()
	}
	if n.ended == 0 {
		t.FailNow()
	}
}

// leaksNothing waits until the node holds no more than before its first session.
func (n *node) leaksNothing(t *testing.T) {
	t.Helper()
	s := n.state(t)
	for deadline := time.Now().Add(patience); s.Goroutines > n.idle.Goroutines ||
		s.Descriptors > n.idle.Descriptors; s = n.state(t) {
		if time.Now().After(deadline) {
			t.Errorf("the node holds %d goroutines and %d descriptors, before the first session %d and %d:\n%s",
				s.Goroutines, s.Descriptors, n.idle.Goroutines, n.idle.Descriptors, s.Stacks)
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	if raceDetector && strings.Contains(n.process.Errors(), "WARNING: DATA RACE") {
		t.Errorf("the race detector found: %s", n.process.Errors())
	}
}

// logged adds up a figure that the node logs at the end of each session.
func (n *node) logged(name string) (sum int) {
	for _, m := range regexp.MustCompile(`msg="session ended".* `+name+
		`=(\d+)`).FindAllStringSubmatch(n.process.Errors(), -1) {
		v, _ := strconv.Atoi(m[1])
		sum += v
	}
	return sum
}

// moves counts how often a client was followed to another address.
func (n *node) moves() int { return strings.Count(n.process.Errors(), `msg="peer moved"`) }
