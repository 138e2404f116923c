package nodeapi

import (
	"context"
	"net/http"
	"runtime"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
)

func (s *Server) info(_ context.Context, c *caller, _ *http.Request) (any, error) {
	info := client.Info{
		Application:  "node",
		Version:      s.Version,
		CurrentTime:  s.Now().UTC(),
		TransferUser: s.transferUser(c),
		Docroot:      c.root,
		NodeID:       s.NodeID,
		ClusterID:    s.ClusterID,
		OS:           runtime.GOOS,
		ACLs:         []string{},
		Capabilities: []client.NameAndValue{{Name: "sync", Value: false}, {Name: "watchfolder", Value: false}},
		Settings: []client.NameAndValue{
			{Name: "content_protection_required", Value: c.limits().ContentProtection},
			{Name: "content_protection_strong_pass_required", Value: false},
			{Name: "wss_enabled", Value: s.webSocketPort(c.limits()) != 0},
		},
	}
	if s.webSocketPort(c.limits()) != 0 {
		info.Settings = append(info.Settings, client.NameAndValue{Name: "wss_port", Value: s.Transfer.WSSPort})
	}
	if c.master() || c.node != nil && c.node.Docroot == "" {
		info.ACLs = []string{"key_master"}
	}
	if c.node != nil && c.node.Docroot != "" {
		info.Docroot = c.node.Docroot
	}
	if s.Transfer.SSHFingerprint != "" {
		info.Settings = append(info.Settings, client.NameAndValue{Name: "ssh_fingerprint", Value: s.Transfer.SSHFingerprint})
	}
	return info, nil
}

// webSocketPort is the port of the control channel over WebSocket that a caller is told of, 0 for none.
func (s *Server) webSocketPort(key store.TransferLimits) int {
	if key.NoWebSocket {
		return 0
	}
	return s.Transfer.WSSPort
}

// limits are those of the caller's access key.
func (c *caller) limits() store.TransferLimits {
	if c.key == nil {
		return store.TransferLimits{}
	}
	return c.key.Limits
}
