package transfernode

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/api/v1alpha1"
)

// Where hsts finds things; the paths are part of its contract.
const (
	configKey      = "hsts.yaml"
	configDir      = "/etc/hsts"
	configFileDir  = configDir + "/config"
	storageRoot    = "/storage"
	tokenKeysDir   = configDir + "/token-keys"
	sshHostKeysDir = configDir + "/ssh"
	tlsDir         = configDir + "/tls"
	nodeUserDir    = configDir + "/node-user"

	nodeUsersDir      = configDir + "/node-users"
	passwordsDir      = configDir + "/passwords"
	authorizedKeysDir = configDir + "/authorized-keys"
	databaseCADir     = configDir + "/db-ca"
	storageKeysDir    = configDir + "/storage-keys"
)

// How long the node's database remembers, if the spec does not say.
const (
	defaultHistory      = 90 * 24 * time.Hour
	defaultFilesHistory = 30 * 24 * time.Hour
)

// Ports of node with the defaults filled in.
func Ports(node *v1alpha1.TransferNode) v1alpha1.TransferNodePorts {
	ports := v1alpha1.TransferNodePorts{SSH: 33001, UDP: 33001, NodeAPI: 9092, Metrics: 9095}
	given := node.Spec.Ports
	if given == nil {
		return ports
	}
	for _, p := range []struct {
		to   *int32
		from int32
	}{{&ports.SSH, given.SSH}, {&ports.UDP, given.UDP}, {&ports.NodeAPI, given.NodeAPI}, {&ports.Metrics, given.Metrics},
		{&ports.WSS, given.WSS}} {
		if p.from != 0 {
			*p.to = p.from
		}
	}
	return ports
}

// hstsConfig is hsts.yaml as docs/architecture.md describes it; a test reads it back with the data plane's own loader.
type hstsConfig struct {
	StorageRoot   string    `json:"storageRoot"`
	Ports         hstsPorts `json:"ports"`
	TransferUsers []any     `json:"transferUsers"`
	GSO           string    `json:"gso"`
	Rates         hstsRates `json:"rates"`
	Ciphers       []string  `json:"ciphers"`
	// SymbolicLinks is there only when it says something: versions of hsts that don't know it refuse it.
	SymbolicLinks *hstsLinks  `json:"symbolicLinks,omitempty"`
	History       hstsHistory `json:"history"`
	// TrustedProxies is there only when there are some, for the same reason.
	TrustedProxies []string `json:"trustedProxies,omitempty"`
	// Remotes is there only when it says something, for the same reason.
	Remotes *v1alpha1.TransferRemotes `json:"remotes,omitempty"`
	Secrets hstsSecrets               `json:"secrets"`
	// NodeUsers is there only when a Secret has some, for the same reason.
	NodeUsers *hstsNodeUsers `json:"nodeUsers,omitempty"`
}

type hstsNodeUsers struct {
	Folder    string `json:"folder"`
	ManagedBy string `json:"managedBy"`
}

type hstsLinks struct {
	Follow        []string `json:"follow,omitempty"`
	PermitOutside bool     `json:"permitOutside,omitempty"`
}

type hstsPorts struct {
	SSH     int32 `json:"ssh"`
	UDP     int32 `json:"udp"`
	NodeAPI int32 `json:"nodeAPI"`
	Metrics int32 `json:"metrics"`
	// WSS is there only when it is wanted: versions of hsts that don't know it refuse it.
	WSS int32 `json:"wss,omitempty"`
}

type hstsRates struct {
	TargetKbps int64  `json:"targetKbps"`
	MaxKbps    int64  `json:"maxKbps"`
	Policy     string `json:"policy"`
	// The totals are there only when they limit something: versions of hsts that don't know them refuse them.
	TotalSendKbps    int64 `json:"totalSendKbps,omitempty"`
	TotalReceiveKbps int64 `json:"totalReceiveKbps,omitempty"`
}

// hstsHistory has texts of Go's durations.
type hstsHistory struct {
	Transfers string `json:"transfers"`
	Files     string `json:"files"`
}

type hstsSecrets struct {
	TokenKeys   string `json:"tokenKeys"`
	SSHHostKeys string `json:"sshHostKeys"`
	TLS         string `json:"tls"`
	NodeUser    string `json:"nodeUser"`
	// AuthorizedKeys is there only when a transfer user has keys.
	AuthorizedKeys string `json:"authorizedKeys,omitempty"`
	// Passwords is there only when a transfer user has one.
	Passwords string `json:"passwords,omitempty"`
	// StorageKeys are the folders with the keys of encrypted storages, by the storage's name.
	StorageKeys map[string]string `json:"storageKeys,omitempty"`
}

// Config renders hsts.yaml with every default written out, so that what runs can be read in one place.
func Config(node *v1alpha1.TransferNode) (string, error) { return render(configOf(node)) }

// StartConfig is the part of Config that hsts reads only at its start; the totals of all
// transfers may change while it runs.
func StartConfig(node *v1alpha1.TransferNode) (string, error) {
	config := configOf(node)
	config.Rates.TotalSendKbps, config.Rates.TotalReceiveKbps = 0, 0
	return render(config)
}

func configOf(node *v1alpha1.TransferNode) hstsConfig {
	ports := Ports(node)
	config := hstsConfig{
		StorageRoot: storageRoot,
		Ports: hstsPorts{SSH: ports.SSH, UDP: ports.UDP, NodeAPI: ports.NodeAPI, Metrics: ports.Metrics,
			WSS: ports.WSS},
		TransferUsers: transferUsers(node),
		GSO:           "auto",
		Rates:         hstsRates{Policy: string(v1alpha1.TransferPolicyFair)},
		Ciphers: []string{
			string(v1alpha1.CipherAES256GCM), string(v1alpha1.CipherAES192GCM), string(v1alpha1.CipherAES128GCM),
		},
		History: hstsHistory{
			Transfers: durationText(defaultHistory), Files: durationText(defaultFilesHistory),
		},
		Secrets: hstsSecrets{TokenKeys: tokenKeysDir, SSHHostKeys: sshHostKeysDir, TLS: tlsDir, NodeUser: nodeUserDir},
	}
	if anyUserHas(node, authorizedKeysOf) {
		config.Secrets.AuthorizedKeys = authorizedKeysDir
	}
	if anyUserHas(node, passwordOf) {
		config.Secrets.Passwords = passwordsDir
	}
	if users := node.Spec.NodeUsers; users != nil {
		config.NodeUsers = &hstsNodeUsers{Folder: nodeUsersDir,
			ManagedBy: "Secret " + node.Namespace + "/" + users.SecretRef.Name}
	}
	for _, storage := range node.Spec.Storage {
		if storage.Encryption != nil {
			if config.Secrets.StorageKeys == nil {
				config.Secrets.StorageKeys = map[string]string{}
			}
			config.Secrets.StorageKeys[storage.Name] = path.Join(storageKeysDir, storage.Name)
		}
	}
	config.TrustedProxies, config.Remotes = node.Spec.TrustedProxies, node.Spec.Remotes
	if links := node.Spec.SymbolicLinks; links != nil {
		config.SymbolicLinks = &hstsLinks{Follow: links.Follow, PermitOutside: ptr.Deref(links.PermitOutside, false)}
	}
	if node.Spec.GSO != "" {
		config.GSO = node.Spec.GSO
	}
	if rates := node.Spec.Rates; rates != nil {
		if rates.TargetKbps != nil {
			config.Rates.TargetKbps = *rates.TargetKbps
		}
		if rates.MaxKbps != nil {
			config.Rates.MaxKbps = *rates.MaxKbps
		}
		if rates.Policy != "" {
			config.Rates.Policy = string(rates.Policy)
		}
		if rates.TotalSendKbps != nil {
			config.Rates.TotalSendKbps = *rates.TotalSendKbps
		}
		if rates.TotalReceiveKbps != nil {
			config.Rates.TotalReceiveKbps = *rates.TotalReceiveKbps
		}
	}
	if history := node.Spec.History; history != nil {
		if history.Retention != nil {
			config.History.Transfers = durationText(history.Retention.Duration)
		}
		if history.FilesRetention != nil {
			config.History.Files = durationText(history.FilesRetention.Duration)
		}
	}
	if len(node.Spec.Ciphers) > 0 {
		config.Ciphers = nil
		for _, cipher := range node.Spec.Ciphers {
			config.Ciphers = append(config.Ciphers, string(cipher))
		}
	}
	return config
}

// durationText is d as people write it: 720h instead of 720h0m0s.
func durationText(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func render(config hstsConfig) (string, error) {
	text, err := yaml.Marshal(config)
	if err != nil {
		return "", fmt.Errorf("render %s: %w", configKey, err)
	}
	return string(text), nil
}

// ofUser is a reference that transfer users may have.
type ofUser func(v1alpha1.TransferUser) *v1alpha1.SecretKeyReference

func authorizedKeysOf(u v1alpha1.TransferUser) *v1alpha1.SecretKeyReference {
	return u.AuthorizedKeysSecretRef
}

func passwordOf(u v1alpha1.TransferUser) *v1alpha1.SecretKeyReference { return u.PasswordSecretRef }

// anyUserHas tells whether a transfer user of the node has the reference.
func anyUserHas(node *v1alpha1.TransferNode, of ofUser) bool {
	return slices.ContainsFunc(node.Spec.TransferUsers, func(u v1alpha1.TransferUser) bool { return of(u) != nil })
}

// hstsUser is a transfer user of whom more than the name is said.
type hstsUser struct {
	Name     string `json:"name"`
	Docroot  string `json:"docroot,omitempty"`
	Incoming string `json:"incoming,omitempty"`
	Outgoing string `json:"outgoing,omitempty"`
}

// transferUsers are names where nothing else is said: versions of hsts that know names alone refuse more.
func transferUsers(node *v1alpha1.TransferNode) []any {
	if len(node.Spec.TransferUsers) == 0 {
		return []any{"xfer"}
	}
	users := make([]any, 0, len(node.Spec.TransferUsers))
	for _, user := range node.Spec.TransferUsers {
		all := hstsUser{user.Name, user.Docroot, string(user.Incoming), string(user.Outgoing)}
		if all == (hstsUser{Name: user.Name}) {
			users = append(users, user.Name)
			continue
		}
		users = append(users, all)
	}
	return users
}

// ConfigMap holds hsts.yaml.
func ConfigMap(node *v1alpha1.TransferNode, config string) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap(NamesOf(node.Name).ConfigMap, node.Namespace).
		WithLabels(Labels(node)).
		WithData(map[string]string{configKey: config})
}
