package sshd

import (
	"context"
	"io"
	"path"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/dataplane/transfer"
	"golang.org/x/crypto/ssh"
)

// What a client reads that asks for anything but a transfer.
const (
	refusal = "This server runs file transfers only: there is no shell and no command, no sftp, no scp and no " +
		"forwarding. Use ascp.\r\n"
	refusalOfCommands = "ascmd is not offered: the Node API lists and changes files.\r\n"
)

// visitor is who opened a connection.
type visitor struct {
	transfer.Peer
	// known is called whenever a session of the connection was authorized.
	known func()
}

// milestone is what the goroutine of a session tells that of its connection.
type milestone struct {
	// ended says that the session is over, otherwise it was just authorized. trusted says that it
	// was authorized before its end.
	ended, trusted bool
}

// serveChannels runs the sessions of one connection until the client leaves, or has had no session
// that is authorized for a while.
func (s *Server) serveChannels(ctx context.Context, sc *ssh.ServerConn, channels <-chan ssh.NewChannel, from visitor) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var running sync.WaitGroup
	defer running.Wait()
	most := s.config.Limits.Sessions
	milestones := make(chan milestone, 2*(most+1)) // Each session has two, and one more is offered.
	// active sessions run, trusted ones of them were authorized, tries were begun since the last one was.
	active, trusted, tries := 0, 0, 0
	run := func(session func(visitor)) {
		active++
		tries++
		running.Go(func() {
			was := false
			mine := from
			mine.Authorized = sync.OnceFunc(func() {
				was = true
				from.known()
				milestones <- milestone{}
			})
			session(mine)
			milestones <- milestone{ended: true, trusted: was}
		})
	}
	offer := s.offer(sc)
	idle := time.NewTimer(s.config.Limits.Idle)
	defer idle.Stop()
	defer sc.Close()
	over := ctx.Done()
	for {
		select {
		case <-over:
			if over = nil; active == 0 {
				return
			}
		case <-idle.C:
			if trusted == 0 {
				return
			}
		case m := <-milestones:
			switch {
			case !m.ended:
				trusted++
				tries = 0
			case m.trusted:
				trusted--
				idle.Reset(s.config.Limits.Idle)
			}
			if m.ended {
				active--
			}
			if active == 0 && over == nil {
				return
			}
		case channel := <-offer:
			run(func(v visitor) { s.transfer(ctx, channel, v) })
		case offered, ok := <-channels:
			switch {
			case !ok:
				return
			case offered.ChannelType() != "session":
				offered.Reject(ssh.Prohibited, "this server runs file transfers only: nothing is forwarded")
				continue
			case active >= most, tries > most:
				offered.Reject(ssh.ResourceShortage, "too many sessions on this connection")
				continue
			}
			channel, requests, err := offered.Accept()
			if err != nil {
				return
			}
			run(func(v visitor) { s.session(ctx, channel, requests, v) })
		}
	}
}

// offer opens a channel to a client that expects one, and gives it out when the client has taken it. A client that does
// not leaves the connection idle.
func (s *Server) offer(sc *ssh.ServerConn) <-chan ssh.Channel {
	if !strings.HasPrefix(string(sc.ClientVersion()), ClientVersion) {
		return nil
	}
	taken := make(chan ssh.Channel, 1)
	go func() {
		channel, requests, err := sc.OpenChannel(OfferedChannel, nil)
		if err != nil {
			return // It is refused, or the client is gone.
		}
		go ssh.DiscardRequests(requests)
		taken <- channel
	}()
	return taken
}

// transfer serves a channel that needs no request.
func (s *Server) transfer(ctx context.Context, channel ssh.Channel, from visitor) {
	// What goes wrong is told to the client, recorded and logged by whoever serves the session.
	_ = s.config.Transfers.Serve(ctx, &stream{Channel: channel}, from.Peer)
}

// session waits for the one request that is served, and serves it. A channel that asks for nothing is given up like an
// idle connection: anybody may open one, for the well-known key is public.
func (s *Server) session(ctx context.Context, channel ssh.Channel, requests <-chan *ssh.Request, from visitor) {
	defer channel.Close()
	patience := time.NewTimer(s.config.Limits.Idle)
	defer patience.Stop()
	for {
		var r *ssh.Request
		select {
		case <-patience.C:
			go ssh.DiscardRequests(requests)
			return
		case r = <-requests:
		}
		if r == nil { // The client closed the channel.
			return
		}
		switch r.Type {
		case "subsystem":
			var name struct{ Value string }
			if ssh.Unmarshal(r.Payload, &name) != nil || name.Value != Subsystem {
				refuse(channel, r, "")
				return
			}
			r.Reply(true, nil)
			go ssh.DiscardRequests(requests)
			s.transfer(ctx, channel, from)
			return
		case "shell", "exec":
			var command struct{ Value string }
			_ = ssh.Unmarshal(r.Payload, &command) // A shell has none.
			refuse(channel, r, command.Value)
			return
		case "pty-req":
			r.Reply(true, nil) // No terminal is made; a client that is refused one leaves before it reads why.
		default: // The environment, agent and X11 forwarding, signals.
			r.Reply(false, nil)
		}
	}
}

// refuse tells why with status 1. The request is granted first: the text of a request that is not reaches nobody.
func refuse(channel ssh.Channel, r *ssh.Request, command string) {
	r.Reply(true, nil)
	text := refusal
	if name, _, _ := strings.Cut(strings.TrimSpace(command), " "); path.Base(name) == "ascmd" {
		text += refusalOfCommands
	}
	_, _ = io.WriteString(channel.Stderr(), text) // The client may be gone.
	exit(channel, 1)
}

// stream is a channel that ends as SSH clients expect: with an exit status. It is 0 whatever became of the
// transfer: that is said in messages.
type stream struct {
	ssh.Channel
	once sync.Once
}

// Close ends the channel.
func (s *stream) Close() error {
	s.once.Do(func() { exit(s.Channel, 0) })
	return s.Channel.Close()
}

func exit(c ssh.Channel, status uint32) {
	_, _ = c.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status})) // The client may be gone.
}
