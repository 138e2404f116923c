package wss

import (
	"net"
	"sync"
	"time"

	"faspex.io/operator/dataplane/admission"
)

// gate is a listener that lets in no more strangers than the limits allow.
type gate struct {
	net.Listener
	server *Server
}

func (g *gate) Accept() (net.Conn, error) {
	for {
		nc, err := g.Listener.Accept()
		if err != nil {
			return nil, err
		}
		s, ip := g.server, admission.IP(nc.RemoteAddr())
		stranger := s.strangers.Admit(ip, func() { nc.Close() }) // Whoever reads it closes the visitor.
		if stranger == nil {
			s.config.Logger.Warn("websocket connection refused: too many unknown clients", "client", ip)
			nc.Close()
			continue
		}
		s.visitors.Add(1)
		v := &visitor{Conn: admission.NewConn(nc), server: s, ip: ip, stranger: stranger}
		v.patience = time.AfterFunc(s.config.Limits.Handshake, func() { nc.Close() })
		return v, nil
	}
}

// visitorKey is where the context of a request has its *visitor.
type visitorKey struct{}

// visitor is a connection, a stranger's at first.
type visitor struct {
	*admission.Conn
	server   *Server
	ip       string
	stranger *admission.Stranger
	patience *time.Timer

	mu            sync.Mutex
	trusted, gone bool
}

// known ends what is held against strangers. The session has a place among those that were authorized until it ends.
func (v *visitor) known() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.trusted || v.gone {
		return
	}
	v.trusted = true
	v.patience.Stop()
	v.Trust()
	v.server.known.Add(1)
	v.stranger.Leave()
}

// Close ends the connection.
func (v *visitor) Close() error {
	err := v.Conn.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.gone {
		return err
	}
	v.gone = true
	v.patience.Stop()
	if v.trusted {
		v.server.known.Add(-1)
	}
	v.stranger.Leave()
	v.server.visitors.Done()
	return err
}
