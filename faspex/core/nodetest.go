package core

import (
	"context"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"net/http"
	"path"
	"strings"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
)

// newNode is a node before anything is said about it.
func newNode() store.Node { return store.Node{StorageType: "default", ConnectionTimeout: 30} }

// registerNodeTests adds the calls that an admin makes before something is stored: trying what was typed, and making
// the folder of a storage location.
func (s *Server) registerNodeTests() {
	const what = "node"
	type tryInput struct {
		IDPath
		Body api.NodeChange
	}
	type folderInput struct {
		IDPath
		Body api.DirectoryCreate
	}
	register(s, operation{method: http.MethodPost, path: v5 + "/nodes/try", id: "try-node", what: what, access: admins,
		summary: "Call a node that is not stored, and tell how it went"},
		func(ctx context.Context, in *struct{ Body api.NodeChange }) (*body[api.NodeTest], error) {
			n, err := s.changeNode(newNode(), in.Body)
			if err != nil {
				return nil, err
			}
			return answerWith(s.try(ctx, n)), nil
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/nodes/{id}/try",
		id: "try-node-change", what: what, access: admins,
		summary: "Call a node as it would be after a change that is not stored, and tell how it went"},
		func(ctx context.Context, in *tryInput) (*body[api.NodeTest], error) {
			n, err := s.node(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if n, err = s.changeNode(n, in.Body); err != nil {
				return nil, err
			}
			return answerWith(s.try(ctx, n)), nil
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/nodes/{id}/directories",
		id: "create-directory", what: what, access: admins,
		status: http.StatusCreated, summary: "Make a folder on a node"},
		func(ctx context.Context, in *folderInput) (*body[api.DirectoryCreate], error) {
			n, err := s.node(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if leadsOut(in.Body.Path) {
				return nil, badRequest("path leads out of the node's storage.")
			}
			made := path.Clean("/" + in.Body.Path)
			c, err := s.dialer.Client(n)
			if err != nil {
				return nil, err
			}
			defer c.CloseIdleConnections()
			if err := c.CreateDirectory(ctx, made); err != nil {
				if nodeapi.IsConflict(err) {
					return nil, conflict("Something of that name is there.")
				}
				s.logNodeFailure(ctx, err)
				return nil, newProblem(http.StatusBadGateway, "The folder was not made. "+string(nodes.FailureOf(err)))
			}
			return answerWith(api.DirectoryCreate{Path: made}), nil
		})
}

// try calls a node and looks at its certificate.
func (s *Server) try(ctx context.Context, n store.Node) api.NodeTest {
	var out api.NodeTest
	if n.UseSSL {
		if c, err := nodes.LookAt(ctx, n); err == nil {
			out.Certificate = ptr(certificateOut(c))
		}
	}
	out.Status, out.StatusMessage = s.tryNode(ctx, n)
	return out
}

func certificateOut(c nodes.Certificate) api.Certificate {
	sum := sha256.Sum256(c.Raw)
	out := api.Certificate{
		Fingerprint: strings.ReplaceAll(fmt.Sprintf("% X", sum), " ", ":"), Subject: c.Subject.String(),
		Issuer: c.Issuer.String(),
		Names:  notNil(c.DNSNames), NotBefore: stamp(c.NotBefore), NotAfter: stamp(c.NotAfter), Trusted: c.Trusted,
		PEM: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})),
	}
	for _, ip := range c.IPAddresses {
		out.Names = append(out.Names, ip.String())
	}
	return out
}
