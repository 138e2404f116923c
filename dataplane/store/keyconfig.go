package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"faspex.io/operator/dataplane/token"
)

// What the fields of configuration.transfer and configuration.server are here.
var (
	transferFields = []string{
		"target_rate_kbps", "target_rate_cap_kbps", "policy", "cipher", "preserve_timestamps", "file_checksum_type",
		"aggressiveness",
		"content_protection_secret", "content_protection_required",
	}
	serverFields = []string{
		"allow", "deny", "wss_enabled", "activity_event_logging", "activity_file_event_logging",
	}
	// refusedFields are published, and not done by this node. A value that asks for nothing is accepted.
	refusedFields = map[string]string{
		"transfer.bandwidth_flow_network_rc_module":     "there is one rate control, which measures delay",
		"transfer.byok_enabled":                         "storages are encrypted with the keys of the node",
		"transfer.token_encryption_key":                 "tokens are sealed with the keys of the node, which are replaced by themselves",
		"transfer.client_password_requirements":         "passphrases never reach the node, which can't judge them",
		"server.activity_transfer_ignore_skipped_files": "files are logged or not, the skipped ones among them",
		"server.activity_files_max":                     "files are logged or not, however many a transfer has",
		"server.aej_logging":                            "events are read by GET /events",
		"server.recursive_counts":                       "sizes of folders are told by /files/du",
		"server.ftsearch":                               "there is no index of contents",
		"server.access_key_credentials_encryption_type": "the node keeps no credentials that it could give back",
	}
)

// CheckConfiguration refuses, by name, what a configuration of an access key asks for and the node does not do, and
// gives the form that is kept: it holds no secret.
func CheckConfiguration(configuration json.RawMessage) (json.RawMessage, error) {
	if len(configuration) == 0 || string(configuration) == "null" {
		return nil, nil
	}
	var sections map[string]json.RawMessage
	if err := json.Unmarshal(configuration, &sections); err != nil {
		return nil, fmt.Errorf("configuration must be an object")
	}
	kept := map[string]map[string]json.RawMessage{}
	for section, text := range sections {
		known := map[string][]string{"transfer": transferFields, "server": serverFields}[section]
		if known == nil {
			return nil, fmt.Errorf("configuration.%s is not known: there are transfer and server", section)
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			return nil, fmt.Errorf("configuration.%s must be an object", section)
		}
		for name, value := range fields {
			why, published := refusedFields[section+"."+name]
			switch {
			case published && asksForNothing(value):
				delete(fields, name)
			case published:
				return nil, fmt.Errorf("configuration.%s.%s is not supported: %s", section, name, why)
			case !slices.Contains(known, name):
				return nil, fmt.Errorf("configuration.%s.%s is not known", section, name)
			}
		}
		kept[section] = fields
	}
	if err := hideSecret(kept["transfer"]); err != nil {
		return nil, err
	}
	out, err := json.Marshal(kept)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	k := AccessKey{Configuration: out}
	if err := k.readConfiguration(); err != nil {
		return nil, err
	}
	return out, k.Limits.Validate()
}

// asksForNothing reports whether a value is that of a field that is not set.
func asksForNothing(value json.RawMessage) bool {
	return slices.Contains([]string{"null", "false", "0", `""`, "[]", "{}"}, strings.TrimSpace(string(value)))
}

// hideSecret replaces a passphrase by the fact that there is one: all that the node needs to know of it is
// that uploads have to be encrypted.
func hideSecret(transfer map[string]json.RawMessage) error {
	secret, ok := transfer["content_protection_secret"]
	if !ok {
		return nil
	}
	var text string
	if err := json.Unmarshal(secret, &text); err != nil {
		return fmt.Errorf("configuration.transfer.content_protection_secret must be a text")
	}
	delete(transfer, "content_protection_secret")
	if text != "" {
		transfer["content_protection_required"] = json.RawMessage("true")
	}
	return nil
}

// readConfiguration completes a key by what its configuration says.
func (k *AccessKey) readConfiguration() error {
	k.Logging = Logging{Events: true}
	if len(k.Configuration) == 0 {
		return nil
	}
	var c struct {
		Transfer TransferLimits `json:"transfer"`
		Server   struct {
			Allow      []string `json:"allow"`
			Deny       []string `json:"deny"`
			WSSEnabled *bool    `json:"wss_enabled"`
			Events     *bool    `json:"activity_event_logging"`
			FileEvents bool     `json:"activity_file_event_logging"`
		} `json:"server"`
	}
	if err := json.Unmarshal(k.Configuration, &c); err != nil {
		return fmt.Errorf("configuration of access key: %w", err)
	}
	k.Limits = c.Transfer
	k.Logging = Logging{Events: c.Server.Events == nil || *c.Server.Events, Files: c.Server.FileEvents}
	k.Limits.NoWebSocket = c.Server.WSSEnabled != nil && !*c.Server.WSSEnabled
	networks := token.Networks{}
	var err error
	if networks.Allow, err = token.ParseNetworks(c.Server.Allow); err != nil {
		return fmt.Errorf("configuration.server.allow: %w", err)
	}
	if networks.Deny, err = token.ParseNetworks(c.Server.Deny); err != nil {
		return fmt.Errorf("configuration.server.deny: %w", err)
	}
	if len(networks.Allow)+len(networks.Deny) > 0 {
		k.Networks = []token.Networks{networks}
	}
	return nil
}
