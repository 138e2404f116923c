package store_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/test/mariadbd"
)

func TestOutageLosesNoEnd(t *testing.T) {
	cfg := mariadbd.Start(t).Database(t)
	direct, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	if err := direct.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	line := newLine(t, cfg.Addr)
	cfg.Addr = line.addr
	s, err := store.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r, _ := run(t, s, "n1")
	before, during := transfer(), transfer()
	first := begin(t, r, before)
	await(t, direct, before.TransferID, record.StatusRunning)

	line.cut()
	first.Progress(record.Progress{BytesTransferred: 77})
	first.File(record.FileResult{Path: "/f", Status: record.StatusCompleted})
	first.Finish(record.Outcome{Status: record.StatusCompleted})
	second := begin(t, r, during)
	second.Finish(record.Outcome{Status: record.StatusFailed, Code: 4, Description: "no such file"})
	if got, err := direct.Transfer(t.Context(), before.TransferID); err != nil || got.Status != record.StatusRunning {
		t.Errorf("during the outage: %s, %v", got.Status, err)
	}
	line.mend()

	got := await(t, direct, before.TransferID, record.StatusCompleted)
	if got.Sessions[0].Progress.BytesTransferred != 77 {
		t.Errorf("session = %+v", got.Sessions[0])
	}
	await(t, direct, during.TransferID, record.StatusFailed)
}

// line is a TCP connection to the database that can be cut.
type line struct {
	addr string
	mu   sync.Mutex
	down bool
	open map[net.Conn]struct{}
}

func newLine(t *testing.T, target string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	l := &line{addr: listener.Addr().String(), open: map[net.Conn]struct{}{}}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", target)
			if err != nil || !l.add(client, server) {
				client.Close()
				continue
			}
			go l.pump(client, server)
			go l.pump(server, client)
		}
	}()
	return l
}

func (l *line) add(conns ...net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range conns {
		if l.down {
			c.Close()
			continue
		}
		l.open[c] = struct{}{}
	}
	return !l.down
}

func (l *line) pump(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	to.Close()
	from.Close()
}

func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = true
	for c := range l.open {
		c.Close()
	}
	clear(l.open)
}

func (l *line) mend() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.down = false
}
