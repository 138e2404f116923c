// Package config is what the operator of a transfer node decides: the file hsts.yaml, the environment of the process,
// and the mounted secrets, which may change while the node runs. It reads and checks; it starts nothing.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"faspex.io/operator/dataplane/remote"
	"faspex.io/operator/dataplane/token"
)

// Config is hsts.yaml. docs/architecture.md, section 4, is its contract.
type Config struct {
	// StorageRoot is the docroot of everything; the storages of the node are mounted as its folders.
	StorageRoot string `yaml:"storageRoot"`
	Ports       Ports  `yaml:"ports"`
	// TransferUsers are the SSH users; a token decides what they may do, where nothing else is said.
	TransferUsers []TransferUser `yaml:"transferUsers"`
	// GSO is auto, on or off.
	GSO   string `yaml:"gso"`
	Rates Rates  `yaml:"rates"`
	// Ciphers that sessions may use, the preferred one first.
	Ciphers       []string      `yaml:"ciphers"`
	SymbolicLinks SymbolicLinks `yaml:"symbolicLinks"`
	// TrustedProxies are addresses and networks of balancers that say by the PROXY protocol whom they speak for.
	TrustedProxies []string    `yaml:"trustedProxies"`
	History        History     `yaml:"history"`
	Logins         Logins      `yaml:"logins"`
	Secrets        SecretPaths `yaml:"secrets"`
	NodeUsers      NodeUsers   `yaml:"nodeUsers"`
	Remotes        Remotes     `yaml:"remotes"`
	// ObjectStorage is about storages of access keys that are in object stores.
	ObjectStorage ObjectStorage `yaml:"objectStorage"`
}

// ObjectStorage says what the node does with object stores.
type ObjectStorage struct {
	// CAFile is PEM: authorities that certificates of servers may descend from beside the system's; empty for none.
	CAFile string `yaml:"caFile,omitempty"`
	// UploadMemoryMiB is what all uploads of the node gather in, ReadMemoryMiB what all downloads read ahead.
	UploadMemoryMiB int64 `yaml:"uploadMemoryMiB"`
	ReadMemoryMiB   int64 `yaml:"readMemoryMiB"`
	// KeepUploads is how long an upload is kept that nobody goes on with.
	KeepUploads time.Duration `yaml:"keepUploads"`
}

// Remotes are the addresses and networks that jobs may transfer with. Without Allow it is every public address.
type Remotes struct {
	Allow []string `yaml:"allow"`
	Deny  []string `yaml:"deny"`
}

// RemoteRules are what jobs of this node may reach: what Remotes says, and the node itself.
func (c Config) RemoteRules(self ...string) (remote.Rules, error) {
	rules, err := remote.ParseRules(c.Remotes.Allow, c.Remotes.Deny)
	if err != nil {
		return rules, fmt.Errorf("remotes.%w", err)
	}
	rules.Self, rules.Ports = self, []int{c.Ports.SSH}
	if c.Ports.WSS != 0 {
		rules.Ports = append(rules.Ports, c.Ports.WSS)
	}
	return rules, nil
}

// NodeUsers are users of the Node API that files declare, beside those of the command line.
type NodeUsers struct {
	// Folder has one file a user, as dataplane/nodeusers describes them; empty if there is none.
	Folder string `yaml:"folder"`
	// ManagedBy is what people are told that want to change such a user elsewhere; the folder by default.
	ManagedBy string `yaml:"managedBy"`
}

// Manager is whom people are told to ask.
func (n NodeUsers) Manager() string {
	if n.ManagedBy != "" {
		return n.ManagedBy
	}
	return "the files in " + n.Folder
}

// SymbolicLinks says what the node does with symbolic links in its storage. By default what opens a grant follows none.
type SymbolicLinks struct {
	// Follow are links that an administrator has placed, as paths beneath the storage root. They are followed as long as
	// they lead to something beneath it.
	Follow []string `yaml:"follow"`
	// PermitOutside takes links in uploads whose text leads out of the folder that is sent.
	PermitOutside bool `yaml:"permitOutside"`
}

// Ports are TCP ports, but UDP.
type Ports struct {
	SSH     int `yaml:"ssh"`
	UDP     int `yaml:"udp"`
	NodeAPI int `yaml:"nodeAPI"`
	// WSS is that of the control channel over TLS WebSocket; 0 is none.
	WSS     int `yaml:"wss"`
	Metrics int `yaml:"metrics"`
}

// Rates are in kilobits per second, 0 is no limit. Policy is fixed, high, fair or low.
type Rates struct {
	TargetKbps int64  `yaml:"targetKbps"`
	MaxKbps    int64  `yaml:"maxKbps"`
	Policy     string `yaml:"policy"`
	// TotalSendKbps and TotalReceiveKbps are for all sessions of this node together. They may change while it runs.
	TotalSendKbps    int64 `yaml:"totalSendKbps"`
	TotalReceiveKbps int64 `yaml:"totalReceiveKbps"`
}

// History is how long the database remembers transfers that have ended, and the names of their files.
type History struct {
	Transfers time.Duration `yaml:"transfers"`
	Files     time.Duration `yaml:"files"`
}

// Logins are the limits of failed logins, at the Node API and with access keys' own credentials in transfers.
type Logins struct {
	// Window is how long a failure counts, and how long whoever has failed too often is refused, on all nodes.
	Window time.Duration `yaml:"window"`
	// Failures is for one account, AddressFailures for one address whatever the account.
	Failures        int `yaml:"failures"`
	AddressFailures int `yaml:"addressFailures"`
	// Safe are addresses and networks whose logins are never refused for failures before.
	Safe []string `yaml:"safe"`
}

// SafeNetworks are the addresses and networks in Safe.
func (l Logins) SafeNetworks() ([]netip.Prefix, error) {
	networks, err := token.ParseNetworks(l.Safe)
	if err != nil {
		return nil, fmt.Errorf("logins.safe: %w", err)
	}
	return networks, nil
}

// ProxyNetworks are the addresses and networks in TrustedProxies.
func (c Config) ProxyNetworks() ([]netip.Prefix, error) {
	networks, err := token.ParseNetworks(c.TrustedProxies)
	if err != nil {
		return nil, fmt.Errorf("trustedProxies: %w", err)
	}
	return networks, nil
}

// SecretPaths are the folders that secrets are mounted in.
type SecretPaths struct {
	TokenKeys   string `yaml:"tokenKeys"`
	SSHHostKeys string `yaml:"sshHostKeys"`
	TLS         string `yaml:"tls"`
	NodeUser    string `yaml:"nodeUser"`
	// AuthorizedKeys optionally holds one file a transfer user with public keys of their own.
	AuthorizedKeys string `yaml:"authorizedKeys"`
	// Passwords optionally holds one file a transfer user with a password.
	Passwords string `yaml:"passwords"`
	// StorageKeys has the folders with the keys of storages whose files are encrypted, by the name of the storage.
	StorageKeys map[string]string `yaml:"storageKeys"`
}

// Default is what a file that says nothing means.
func Default() Config {
	return Config{
		StorageRoot:   "/storage",
		Ports:         Ports{SSH: 33001, UDP: 33001, NodeAPI: 9092, Metrics: 9095},
		TransferUsers: []TransferUser{{Name: "xfer"}},
		GSO:           "auto",
		Rates:         Rates{Policy: "fair"},
		Ciphers:       slices.Clone(allCiphers[:3]), // those that encrypt
		Logins:        Logins{Window: 15 * time.Minute, Failures: 20, AddressFailures: 1000},
		History:       History{Transfers: 90 * 24 * time.Hour, Files: 30 * 24 * time.Hour},
		ObjectStorage: ObjectStorage{UploadMemoryMiB: 192, ReadMemoryMiB: 96, KeepUploads: 7 * 24 * time.Hour},
		Secrets: SecretPaths{
			TokenKeys: "/etc/hsts/token-keys", SSHHostKeys: "/etc/hsts/ssh", TLS: "/etc/hsts/tls",
			NodeUser: "/etc/hsts/node-user",
		},
	}
}

var (
	allCiphers  = []string{"aes-256-gcm", "aes-192-gcm", "aes-128-gcm", "none"}
	allPolicies = []string{"fixed", "high", "fair", "low"}
	allGSO      = []string{"auto", "on", "off"}
)

// Load reads a file. A field that is not known is an error, as it would be ignored otherwise.
func Load(path string) (Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("read configuration: %w", err)
	}
	return Parse(text)
}

// Parse reads the text of a file.
func Parse(text []byte) (Config, error) {
	c := Default()
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("parse configuration: %w", err)
	}
	if err := c.validate(); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return c, nil
}

func (c Config) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(filepath.IsAbs(c.StorageRoot), "storageRoot must be an absolute path")
	for name, port := range map[string]int{
		"ports.ssh": c.Ports.SSH, "ports.udp": c.Ports.UDP, "ports.nodeAPI": c.Ports.NodeAPI,
		"ports.metrics": c.Ports.Metrics,
	} {
		check(port > 0 && port < 65536, "%s must be within 1 and 65535", name)
	}
	check(c.Ports.SSH != c.Ports.NodeAPI && c.Ports.SSH != c.Ports.Metrics && c.Ports.NodeAPI != c.Ports.Metrics,
		"ports.ssh, ports.nodeAPI and ports.metrics must differ")
	check(c.Ports.WSS >= 0 && c.Ports.WSS < 65536, "ports.wss must be within 1 and 65535, or 0 for none")
	check(!slices.Contains([]int{c.Ports.SSH, c.Ports.NodeAPI, c.Ports.Metrics}, c.Ports.WSS),
		"ports.wss must differ from the other TCP ports")
	errs = append(errs, checkTransferUsers(c.TransferUsers))
	check(slices.Contains(allGSO, c.GSO), "gso must be one of %v", allGSO)
	check(min(c.Rates.TargetKbps, c.Rates.MaxKbps, c.Rates.TotalSendKbps, c.Rates.TotalReceiveKbps) >= 0,
		"rates must not be negative")
	check(slices.Contains(allPolicies, c.Rates.Policy), "rates.policy must be one of %v", allPolicies)
	check(c.History.Transfers > 0 && c.History.Files > 0,
		"history.transfers and history.files must be positive durations, such as 720h")
	check(c.ObjectStorage.UploadMemoryMiB >= 64 && c.ObjectStorage.ReadMemoryMiB >= 0,
		"objectStorage.uploadMemoryMiB must be at least 64, and readMemoryMiB not negative")
	check(c.ObjectStorage.KeepUploads >= time.Hour, "objectStorage.keepUploads must be at least an hour, such as 168h")
	check(c.ObjectStorage.CAFile == "" || filepath.IsAbs(c.ObjectStorage.CAFile),
		"objectStorage.caFile must be an absolute path")
	check(c.Logins.Window > 0 && c.Logins.Failures > 0 && c.Logins.AddressFailures > 0,
		"logins.window, failures and addressFailures must be positive")
	if _, err := c.Logins.SafeNetworks(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.ProxyNetworks(); err != nil {
		errs = append(errs, err)
	}
	if _, err := c.RemoteRules(); err != nil {
		errs = append(errs, err)
	}
	check(len(c.Ciphers) > 0, "ciphers must name at least one cipher")
	for _, cipher := range c.Ciphers {
		check(slices.Contains(allCiphers, cipher), "ciphers must be of %v", allCiphers)
	}
	for _, p := range c.SymbolicLinks.Follow {
		check(path.IsAbs(p) && path.Clean(p) == p && p != "/",
			"symbolicLinks.follow: %q must be an absolute path without . and .. beneath the storage root", p)
	}
	return errors.Join(errs...)
}
