package main

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// relay is a TCP port before another one: what a firewall or a proxy in between can do to a control channel, it can do.
type relay struct {
	net.Listener
	to string

	mu      sync.Mutex
	conns   []net.Conn
	stalled bool
	mended  *sync.Cond
}

func startRelay(t *testing.T, port int) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{Listener: l, to: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))}
	r.mended = sync.NewCond(&r.mu)
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			r.mu.Lock()
			to := r.to
			r.mu.Unlock()
			server, err := net.Dial("tcp", to)
			if err != nil {
				client.Close()
				continue
			}
			r.mu.Lock()
			r.conns = append(r.conns, client, server)
			r.mu.Unlock()
			running.Go(func() { r.carry(server, client) })
			running.Go(func() { r.carry(client, server) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.stall(false)
		r.cut()
		running.Wait()
	})
	return r
}

// behind has a relay between a node's control channel and those who use the flags that it returns.
func behind(t *testing.T, n *testNode, webSocket bool) (*relay, []string) {
	t.Helper()
	port, flags := n.sshPort, []string{}
	if webSocket {
		port, flags = n.wssPort, []string{"--ws-connect", "-i", n.trust(t)}
	}
	r := startRelay(t, port)
	return r, append(flags, "-P", r.port())
}

func (r *relay) port() string { return strconv.Itoa(r.Addr().(*net.TCPAddr).Port) }

// lead has further connections go to another port.
func (r *relay) lead(port int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}

// cut hangs up on both sides.
func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		c.Close()
	}
}

// stall keeps what comes, without a word to anybody, until it is mended.
func (r *relay) stall(on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stalled = on
	r.mended.Broadcast()
}

func (r *relay) carry(to, from net.Conn) {
	defer to.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		r.mu.Lock()
		for r.stalled {
			r.mended.Wait()
		}
		r.mu.Unlock()
		if _, failed := to.Write(b[:n]); failed != nil || err != nil {
			return
		}
	}
}

// The control channel breaks while the data goes on: ascp says so with a code that its callers retry, and the next run
// resumes.
func TestControlChannelBreaks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		webSocket bool
		harm      func(*relay)
		says      string
	}{
		"SSH is cut":          {false, func(r *relay) { r.cut() }, "connection lost"},
		"WebSocket is cut":    {true, func(r *relay) { r.cut() }, "connection lost"},
		"SSH is silent":       {false, func(r *relay) { r.stall(true) }, "the peer is silent"},
		"WebSocket is silent": {true, func(r *relay) { r.stall(true) }, "the peer is silent"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := startNode(t)
			from := t.TempDir()
			content := noise(13, cutSize)
			writeFiles(t, from, map[string][]byte{"f": content})
			tok, file := n.sending(t, "/in"), filepath.Join(n.dir, "in/f")
			r, flags := behind(t, n, c.webSocket)
			args := append(flags, "-q", "-l", "10M", "-d", from+"/f", "127.0.0.1:/in")
			var said bytes.Buffer
			cmd := process(t, "ascp", tok, args...)
			cmd.Stderr = io.MultiWriter(&said, testWriter{t})
			startProcess(t, cmd)
			waitForPart(t, file, 2*chunk)
			c.harm(r)
			if err := cmd.Wait(); err == nil {
				t.Error("the client does not fail")
			}
			if !strings.Contains(said.String(), "error 16") || !strings.Contains(said.String(), c.says) ||
				!strings.Contains(said.String(), "run again to resume") {
				t.Errorf("the client says %q", said.String())
			}
			r.cut()
			r.stall(false)
			n.recorder.Last(t).Ended(t)
			resumes(t, file, content, func() int64 {
				again := process(t, "ascp", tok, append(args, "-l", "0")...)
				if err := again.Run(); err != nil {
					t.Fatal(err)
				}
				return n.moved(t)
			})
		})
	}
}
