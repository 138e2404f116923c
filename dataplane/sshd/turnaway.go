package sshd

import (
	"io"
	"net"
	"time"
)

// TooMany is what a client reads that finds no place among those who have not logged in yet. The words are OpenSSH's,
// so that clients of any kind show or know them.
const TooMany = "Exceeded MaxStartups"

// Clients that are turned away are few at a time, and are not listened to for long.
const (
	mostTurnedAway = 100
	turnAwayFor    = time.Second
)

// turnAway tells a client that it may try again, and hangs up. The client has said something meanwhile: a connection
// that is closed with unread bytes is reset, and what was told is lost, so that they are read.
func (s *Server) turnAway(nc net.Conn) {
	select {
	case s.leaving <- struct{}{}:
	default:
		nc.Close()
		return
	}
	go func() {
		defer func() { <-s.leaving }()
		defer nc.Close()
		_ = nc.SetDeadline(time.Now().Add(turnAwayFor))
		if _, err := io.WriteString(nc, TooMany+"\r\n"); err != nil {
			return
		}
		if half, ok := nc.(interface{ CloseWrite() error }); ok {
			_ = half.CloseWrite()
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(nc, 64<<10)) // The end, or the deadline.
	}()
}
