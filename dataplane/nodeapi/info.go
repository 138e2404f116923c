package nodeapi

import (
	"context"
	"net/http"
	"runtime"

	"faspex.io/operator/dataplane/nodeapi/client"
)

func (s *Server) info(_ context.Context, c *caller, _ *http.Request) (any, error) {
	info := client.Info{
		Application:  "node",
		Version:      s.Version,
		CurrentTime:  s.Now().UTC(),
		TransferUser: s.Transfer.User,
		Docroot:      c.root,
		NodeID:       s.NodeID,
		ClusterID:    s.ClusterID,
		OS:           runtime.GOOS,
		ACLs:         []string{},
		Capabilities: []client.NameAndValue{{Name: "sync", Value: false}, {Name: "watchfolder", Value: false}},
		Settings: []client.NameAndValue{
			{Name: "content_protection_required", Value: false},
			{Name: "content_protection_strong_pass_required", Value: false},
			{Name: "wss_enabled", Value: s.Transfer.WSSPort != 0},
		},
	}
	if s.Transfer.WSSPort != 0 {
		info.Settings = append(info.Settings, client.NameAndValue{Name: "wss_port", Value: s.Transfer.WSSPort})
	}
	if c.master() {
		info.ACLs = []string{"key_master"}
	}
	if s.Transfer.SSHFingerprint != "" {
		info.Settings = append(info.Settings, client.NameAndValue{Name: "ssh_fingerprint", Value: s.Transfer.SSHFingerprint})
	}
	return info, nil
}
