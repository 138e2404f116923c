package wss

import (
	"context"
	"net"
	"time"

	"github.com/coder/websocket"
)

// closing is how long the end of a stream waits for the peer's.
const closing = 2 * time.Second

// Stream is the bytes of a WebSocket's binary messages, whose borders mean nothing.
type Stream struct {
	net.Conn
	ws  *websocket.Conn
	raw net.Conn
}

// NewStream makes a stream of a WebSocket over the connection raw.
func NewStream(ws *websocket.Conn, raw net.Conn) *Stream {
	return &Stream{Conn: websocket.NetConn(context.Background(), ws, websocket.MessageBinary), ws: ws, raw: raw}
}

// RemoteAddr is the address that answered.
func (s *Stream) RemoteAddr() net.Addr { return s.raw.RemoteAddr() }

// Close says farewell and hangs up; a peer that does not answer holds it up for two seconds.
// What waits for the stream ends.
func (s *Stream) Close() error {
	patience := time.AfterFunc(closing, func() { s.raw.Close() })
	defer patience.Stop()
	err := s.ws.Close(websocket.StatusNormalClosure, "")
	s.raw.Close()
	return err
}
