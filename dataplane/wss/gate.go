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
		if !s.strangers.Admit(ip) {
			s.config.Logger.Warn("websocket connection refused: too many wait for an answer", "client", ip)
			nc.Close()
			continue
		}
		s.visitors.Add(1)
		v := &visitor{Conn: nc, server: s, ip: ip}
		v.patience = time.AfterFunc(s.config.Limits.Handshake, func() { nc.Close() }) // Whoever reads it closes v.
		return v, nil
	}
}

// visitorKey is where the context of a request has its *visitor.
type visitorKey struct{}

// visitor is a connection, a stranger's at first.
type visitor struct {
	net.Conn
	server   *Server
	ip       string
	patience *time.Timer

	greeted, gone sync.Once
}

// known ends what is held against strangers.
func (v *visitor) known() {
	v.greeted.Do(func() {
		v.patience.Stop()
		v.server.strangers.Leave(v.ip)
	})
}

// Close ends the connection.
func (v *visitor) Close() error {
	err := v.Conn.Close()
	v.known()
	v.gone.Do(v.server.visitors.Done)
	return err
}
