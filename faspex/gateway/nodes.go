package gateway

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/dataplane/transferspec"
)

// Node is a transfer node that the gateway may connect to.
type Node struct {
	// Host is its name as transfer specs have it in remote_host.
	Host    string `json:"host"`
	SSHPort int    `json:"sshPort"`
	// SSHHostKeys are its host keys, in the form of authorized_keys. Where there are none, a spec has to have a
	// fingerprint.
	SSHHostKeys []string `json:"sshHostKeys,omitempty"`
	// WSSPort is that of its control channel over WebSocket, 0 for none. TLSCA are the authorities of its
	// certificate, PEM; empty stands for those of the system.
	WSSPort int    `json:"wssPort,omitempty"`
	TLSCA   string `json:"tlsCA,omitempty"`

	keys  []ssh.PublicKey
	roots *x509.CertPool
}

// Nodes is the list of a file. It is read again when the file changes; a file that is wrong changes nothing, and the
// log tells of it.
type Nodes struct {
	file string
	log  *slog.Logger

	mu    sync.Mutex
	seen  fs.FileInfo
	nodes map[string][]*Node // by host: several may share a machine
	err   error              // of the last reading
}

// OpenNodes reads the list.
func OpenNodes(file string, log *slog.Logger) (*Nodes, error) {
	n := &Nodes{file: file, log: log}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refresh()
	return n, n.err
}

// refresh reads the file if it is another one than before. n.mu is held.
func (n *Nodes) refresh() {
	info, err := os.Stat(n.file)
	if err != nil {
		n.failed(fmt.Errorf("read the list of nodes: %w", err))
		return
	}
	if n.seen != nil && os.SameFile(n.seen, info) && n.seen.ModTime().Equal(info.ModTime()) &&
		n.seen.Size() == info.Size() {
		n.err = nil
		return
	}
	nodes, err := readNodes(n.file)
	if err != nil {
		n.failed(err)
		return
	}
	n.nodes, n.seen, n.err = nodes, info, nil
}

// failed notes why the file was not taken, and tells of it once. n.mu is held.
func (n *Nodes) failed(err error) {
	if n.nodes != nil && (n.err == nil || n.err.Error() != err.Error()) {
		n.log.Warn("the list of nodes stays as it was", "error", err)
	}
	n.err = err
}

func readNodes(file string) (map[string][]*Node, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the list of nodes: %w", err)
	}
	var list struct {
		Nodes []*Node `json:"nodes"`
	}
	if err := yaml.UnmarshalStrict(text, &list); err != nil {
		return nil, fmt.Errorf("read the list of nodes %s: %w", file, err)
	}
	out := map[string][]*Node{}
	for _, n := range list.Nodes {
		if err := n.prepare(); err != nil {
			return nil, fmt.Errorf("read the list of nodes %s: node %q: %w", file, n.Host, err)
		}
		host := strings.ToLower(n.Host)
		out[host] = append(out[host], n)
	}
	return out, nil
}

func (n *Node) prepare() error {
	if n.Host == "" || n.SSHPort < 0 || n.SSHPort > 65535 || n.WSSPort < 0 || n.WSSPort > 65535 ||
		n.SSHPort+n.WSSPort == 0 {
		return errors.New("it needs host, and sshPort or wssPort, which are numbers of TCP ports")
	}
	for i, text := range n.SSHHostKeys {
		key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
		if err != nil {
			return fmt.Errorf("sshHostKeys[%d] is no public key", i)
		}
		n.keys = append(n.keys, key)
	}
	if n.TLSCA != "" {
		n.roots = x509.NewCertPool()
		if !n.roots.AppendCertsFromPEM([]byte(n.TLSCA)) {
			return errors.New("tlsCA holds no certificate (PEM)")
		}
	}
	return nil
}

// Of is the node of a transfer spec. Nothing but what is in the list is ever connected to.
func (n *Nodes) Of(spec transferspec.Spec) (*Node, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refresh()
	known := n.nodes[strings.ToLower(spec.RemoteHost)]
	if len(known) == 0 {
		return nil, notAllowed("This gateway does not connect to %q: it is not in its list of nodes", spec.RemoteHost)
	}
	for _, node := range known {
		if node.serves(spec) {
			return node, nil
		}
	}
	return nil, notAllowed("This gateway does not connect to port %d of %q: its list of nodes has other ports",
		spec.SSHPort, spec.RemoteHost)
}

func notAllowed(format string, args ...any) error {
	return newProblem(http.StatusForbidden, "node_not_allowed",
		fmt.Sprintf(format, args...)+" (spec.gateway.nodes of the FaspexInstance).")
}

// serves tells whether the ports of a spec are those of the node. A spec without ports takes any.
func (n *Node) serves(spec transferspec.Spec) bool {
	return spec.SSHPort == 0 || n.SSHPort == 0 || spec.SSHPort == n.SSHPort || spec.WSSEnabled && spec.WSSPort == n.WSSPort
}

// Ready says why the list can't be used, nil if it can.
func (n *Nodes) Ready() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.refresh()
	if n.nodes == nil {
		return n.err
	}
	return nil
}
