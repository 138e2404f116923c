package robust

import (
	"bufio"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

// client is a running ascp with this process as its manager.
type client struct {
	process *testbed.Process
	frames  chan map[string]string
	// moved is how many bytes have crossed, as ascp tells every second.
	moved atomic.Int64
}

// outcome is what an ascp said.
type outcome struct {
	status         int
	moved, resumed int64
	code           int    // of the session, 0 for success
	text           string // likewise
	failed         map[string]failure
}

// failure is what became of one file.
type failure struct {
	code int
	text string
}

// ask is how to run ascp.
type ask struct {
	at     testbed.Place
	relay  *relay   // carries the data, if it is not nil
	before []string // a command that becomes ascp
	flags  []string
}

// send runs ascp to send what the folder from holds into the folder to of the node.
func (n *node) send(t *testing.T, a ask, from, to string) *client {
	t.Helper()
	return n.ascp(t, a, n.contact.Token, from+"/.", "xfer@"+n.host+":"+to)
}

// receive runs ascp to receive what the folder from of the node holds into the folder to.
func (n *node) receive(t *testing.T, a ask, from, to string) *client {
	t.Helper()
	return n.ascp(t, a, n.contact.Receive, "xfer@"+n.host+":"+strings.TrimSuffix(from, "/")+"/.", to)
}

func (n *node) ascp(t *testing.T, a ask, token string, sourceAndTarget ...string) *client {
	t.Helper()
	manager, err := a.at.Listen()
	if err != nil {
		t.Fatal(err)
	}
	words := append(a.before, filepath.Join(programs, "ascp"), "-q", "-d", "-P", strconv.Itoa(n.contact.Port),
		"-M", strconv.Itoa(manager.Addr().(*net.TCPAddr).Port), "--check-sshfp", n.contact.Fingerprint)
	if a.relay != nil {
		words = append(words, "-O", strconv.Itoa(a.relay.port()))
	}
	words = append(append(words, a.flags...), sourceAndTarget...)
	c := &client{frames: make(chan map[string]string, 1<<12)}
	go c.listen(manager)
	c.process = start(t, a.at, testbed.Command{Name: words[0], Args: words[1:],
		Env: []string{"ASPERA_SCP_TOKEN=" + token}})
	go func() {
		<-c.process.Done()
		manager.Close()
	}()
	return c
}

// listen takes the frames of the first caller: lines "Name: value" with an empty line after each frame.
func (c *client) listen(l net.Listener) {
	defer close(c.frames)
	conn, err := l.Accept()
	if err != nil {
		return
	}
	defer conn.Close()
	frame := map[string]string{}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		name, value, ok := strings.Cut(lines.Text(), ": ")
		switch {
		case ok:
			frame[name] = value
		case lines.Text() == "":
			switch frame["Type"] {
			case "STATS":
				if n, err := strconv.ParseInt(frame["TransferBytes"], 10, 64); err == nil {
					c.moved.Store(n)
				}
			case "FILEERROR", "DONE", "ERROR":
				c.frames <- frame
			}
			frame = map[string]string{}
		}
	}
}

// wait waits for the end of ascp.
func (c *client) wait(t *testing.T) outcome {
	t.Helper()
	inTime, err := c.process.Wait(3 * patience)
	if !inTime {
		t.Fatalf("ascp does not end: %s", c.process.Errors())
	}
	o := outcome{failed: map[string]failure{}}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		o.status = exit.ExitCode()
	} else if err != nil {
		t.Fatal(err)
	}
	for f := range c.frames {
		code, _ := strconv.Atoi(f["Code"])
		if f["Type"] == "FILEERROR" {
			o.failed[f["File"]] = failure{code, f["Description"]}
			continue
		}
		o.code, o.text = code, f["Description"]
		o.moved, _ = strconv.ParseInt(f["TransferBytes"], 10, 64)
		o.resumed, _ = strconv.ParseInt(f["StartByte"], 10, 64)
	}
	if raceDetector && strings.Contains(c.process.Errors(), "WARNING: DATA RACE") {
		t.Errorf("the race detector found: %s", c.process.Errors())
	}
	return o
}

// succeeds waits for the end of ascp, which has to be a good one.
func (c *client) succeeds(t *testing.T) outcome {
	t.Helper()
	o := c.wait(t)
	if o.status != 0 {
		t.Fatalf("ascp ends with status %d, code %d: %s %s; failed: %v", o.status, o.code, o.text, c.process.Errors(),
			o.failed)
	}
	return o
}

// reaches waits for a moment of the running ascp.
func (c *client) reaches(t *testing.T, moment <-chan struct{}) {
	t.Helper()
	select {
	case <-moment:
	case <-c.process.Done():
		t.Fatalf("ascp has ended already: %s", c.process.Errors())
	}
}

// hasMoved waits until n bytes have crossed.
func (c *client) hasMoved(t *testing.T, n int64) {
	t.Helper()
	for c.moved.Load() < n {
		if c.process.Ended() {
			t.Fatalf("ascp has ended already: %s", c.process.Errors())
		}
		time.Sleep(10 * time.Millisecond)
	}
}
