package flows

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

const nodePort = 33001

// Ascp is the project's ascp with a rate policy, sending to the project's server. Only fixed is told a rate.
func Ascp(policy string) Flow { return ascp("ascp "+policy, policy, false) }

// AscpWSS is Ascp with its control channel over TLS WebSocket instead of SSH.
func AscpWSS(policy string) Flow { return ascp("ascp "+policy+WSS, policy, true) }

// WSS ends the names of flows whose control channel is a WebSocket.
const WSS = " wss"

func ascp(name, policy string, webSocket bool) Flow {
	return Flow{name, func(ctx context.Context, j Job) (Outcome, error) {
		var o Outcome
		folder, err := j.arrivals()
		if err != nil {
			return o, err
		}
		n, err := startNode(ctx, j, folder)
		if err != nil {
			return o, err
		}
		defer n.process.Stop()
		manager, err := j.Pair.A.Listen()
		if err != nil {
			return o, err
		}
		defer manager.Close()
		program, err := j.program("ascp")
		if err != nil {
			return o, err
		}
		_, port, err := net.SplitHostPort(manager.Addr().String())
		if err != nil {
			return o, err
		}
		args := []string{"-q", "-M", port, "-P", strconv.Itoa(n.contact.Port), "--check-sshfp", n.contact.Fingerprint,
			"--policy", policy, "-c", "aes128"}
		if webSocket {
			trusted := filepath.Join(j.Folder, "certificate-"+strconv.Itoa(j.Slot)+".pem")
			if err := os.WriteFile(trusted, []byte(n.contact.Certificate), 0o600); err != nil {
				return o, err
			}
			args = []string{"-q", "-M", port, "--ws-connect", "-P", strconv.Itoa(n.contact.WSSPort), "-i", trusted, "--policy",
				policy, "-c", "aes128"}
		}
		if policy == "fixed" {
			args = append(args, "-l", strconv.FormatInt(j.RateBps*99/100/1000, 10))
		}
		if j.Log != nil {
			args = append(args, "-D")
		}
		greeted := make(chan time.Duration, 1)
		go handshake(manager, greeted)
		client, err := j.Pair.A.Start(ctx, testbed.Command{Name: program,
			Args: append(args, j.Source, "xfer@"+j.Pair.Address+":/"),
			Env:  []string{"ASPERA_SCP_TOKEN=" + n.contact.Token}})
		if err != nil {
			return o, err
		}
		inTime, err := client.Wait(j.Limit)
		if j.Log != nil {
			fmt.Fprintf(j.Log, "%s\n%s", name, client.Errors())
		}
		if err != nil {
			return o, client.Failed(fmt.Errorf("ascp: %w", err))
		}
		s := n.session(2 * time.Second)
		n.process.Stop()
		select {
		case o.Handshake = <-greeted:
		default:
		}
		end := s.file
		if !inTime {
			o.Cut, end = true, s.end
		}
		if s.data.IsZero() || end.IsZero() {
			return o, errors.Join(errors.New("the node saw no session"), errors.New(n.process.Errors()))
		}
		o.arrived(folder)
		o.Series = append(s.series, Sample{end, s.bytes})
		switch {
		case o.Cut: // What arrived is in a partial file of the whole size.
			o.Bytes, o.Files = s.bytes, s.files
		case o.Bytes != j.Bytes || o.Files != j.Files:
			return o, fmt.Errorf("%d bytes in %d files arrived, %d in %d were sent", o.Bytes, o.Files, j.Bytes, j.Files)
		}
		// The first data left half a round trip before they arrived.
		o.Seconds = end.Sub(s.data.Add(-j.RTT / 2)).Seconds()
		o.ended(client, n.process)
		return o, nil
	}}
}

// handshake waits for ascp's call and measures how long the session then takes to be agreed on.
func handshake(l net.Listener, greeted chan<- time.Duration) {
	c, err := l.Accept()
	if err != nil {
		return
	}
	defer c.Close()
	began := time.Now()
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if lines.Text() == "Type: SESSION" {
			greeted <- time.Since(began)
		}
	}
}

// node is a running server.
type node struct {
	process *testbed.Process
	contact struct {
		Port, WSSPort                   int
		Fingerprint, Token, Certificate string
	}
	events chan nodeEvent
}

type nodeEvent struct {
	Event        string
	Time         int64
	Bytes, Files int64
}

// session is what the node said of one.
type session struct {
	data, file, end time.Time
	bytes           int64
	files           int
	series          []Sample
}

func startNode(ctx context.Context, j Job, folder string) (*node, error) {
	program, err := j.program("node")
	if err != nil {
		return nil, err
	}
	out, in := io.Pipe()
	n := &node{events: make(chan nodeEvent, 1<<16)}
	n.process, err = j.Pair.B.Start(ctx, testbed.Command{Name: program, Output: in,
		Args: []string{"-root", folder, "-addr", "0.0.0.0:" + strconv.Itoa(nodePort+j.Slot), "-wss", j.Pair.Address}})
	if err != nil {
		return nil, err
	}
	go func() {
		<-n.process.Done()
		in.Close()
	}()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		n.process.Stop()
		return nil, fmt.Errorf("the node does not start: %s", strings.TrimSpace(n.process.Errors()))
	}
	if err := json.Unmarshal(lines.Bytes(), &n.contact); err != nil {
		n.process.Stop()
		return nil, fmt.Errorf("the node's first line: %w", err)
	}
	go func() {
		defer close(n.events)
		for lines.Scan() {
			var e nodeEvent
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				n.events <- e
			}
		}
	}()
	return n, nil
}

// session collects the events of one session until it ends, for at most limit.
func (n *node) session(limit time.Duration) session {
	var s session
	late := time.After(limit)
	for {
		select {
		case e, ok := <-n.events:
			if !ok {
				return s
			}
			at := time.Unix(0, e.Time)
			switch e.Event {
			case "data":
				s.data = at
				s.series = append(s.series, Sample{At: at})
			case "progress":
				s.bytes = e.Bytes
				s.series = append(s.series, Sample{at, e.Bytes})
			case "file":
				s.file = at
			case "end":
				s.end, s.bytes, s.files = at, e.Bytes, int(e.Files)
				return s
			}
		case <-late:
			return s
		}
	}
}
