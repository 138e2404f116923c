package control

import (
	"encoding/json"
	"fmt"
)

// Hello is the client's first message: what it wants and may. JSON; unknown fields are ignored.
type Hello struct {
	// Version is the protocol version the client speaks.
	Version int `json:"version"`
	// Agent names the client program and its version, for logs.
	Agent string `json:"agent,omitempty"`
	// Direction is "send" (client to server) or "receive".
	Direction string `json:"direction"`
	// Token is the authorization token as the client got it.
	Token string `json:"token,omitempty"`
	// Destination is where an upload goes on the server.
	Destination string `json:"destination,omitempty"`
	// Single says that an upload is one file, so that Destination may be the file's new name.
	Single bool `json:"single,omitempty"`
	// Pairs says that the manifest's names are the destinations chosen by the client.
	Pairs bool `json:"pairs,omitempty"`
	// Sources are the paths of a download on the server.
	Sources []Source `json:"sources,omitempty"`
	// MoreSources says that Sources is the beginning of the list. The rest follows in messages of that name when the
	// server has authorized the session and says Continue.
	MoreSources bool `json:"more_sources,omitempty"`
	// Base is the prefix of sources that is cut off to get a download's names; empty keeps
	// the last element of each source.
	Base string `json:"base,omitempty"`

	Options Options `json:"options"`

	Cookie string          `json:"cookie,omitempty"`
	Tags   json.RawMessage `json:"tags,omitempty"`
	// TransferID is the client's id of the transfer, the same for all its attempts.
	TransferID string `json:"transfer_id,omitempty"`
}

// GatewayAgent is what the Agent of a Hello begins with whose client is an HTTP gateway.
const GatewayAgent = "http-gateway"

// Source is one path of a download. Destination, if any, is the name it gets at the client.
type Source struct {
	Source      string `json:"source"`
	Destination string `json:"destination,omitempty"`
}

// Sources are more of the sources of a Hello. JSON; unknown fields are ignored.
type Sources struct {
	Sources []Source `json:"sources"`
	// More says that another message of them follows.
	More bool `json:"more,omitempty"`
}

// Limits of the sources of a session. A list longer than MaxSourcesMessage or MaxSourcesBytes goes in several messages.
const (
	// MaxSources is how many sources a session may name.
	MaxSources = 1 << 20
	// MaxSourcesMessage and MaxSourcesBytes are how many of them, and how many bytes of their JSON,
	// a client puts into one message.
	MaxSourcesMessage = 4096
	MaxSourcesBytes   = 128 << 10
)

// SplitSources cuts a list into parts for one message each; the first goes into the Hello.
func SplitSources(all []Source) [][]Source {
	var parts [][]Source
	start, size := 0, 0
	for i, source := range all {
		// A character takes six bytes of JSON at most. Field names and the like take 40.
		n := jsonLen(source.Source) + jsonLen(source.Destination) + 40
		if i > start && (size+n > MaxSourcesBytes || i-start == MaxSourcesMessage) {
			parts = append(parts, all[start:i])
			start, size = i, 0
		}
		size += n
	}
	return append(parts, all[start:])
}

// jsonLen is how many bytes a text takes at most as JSON.
func jsonLen(s string) int {
	n := 0
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '<' || c == '>' || c == '&' || c == '"' || c == '\\' || c >= 0x7f {
			n += 6
		} else {
			n++
		}
	}
	return n
}

// Filter leaves out the entries whose names match a pattern; with Include they stay, whatever later filters say.
type Filter struct {
	Pattern string `json:"pattern"`
	Include bool   `json:"include,omitempty"`
}

// Options are the settings of a session. The server answers with those in force.
type Options struct {
	Resume    string `json:"resume,omitempty"`    // none, attrs, sparse_csum, full_csum
	Overwrite string `json:"overwrite,omitempty"` // never, always, diff, older, diff+older
	Symlinks  string `json:"symlinks,omitempty"`  // follow, skip, copy, copy+force
	CreateDir bool   `json:"create_dir,omitempty"`
	// SaveBeforeOverwrite has a file that is replaced stay under another name.
	SaveBeforeOverwrite bool `json:"save_before_overwrite,omitempty"`
	// DeleteExtra has the receiver delete from the folders of the transfer what the sender does not have.
	DeleteExtra bool `json:"delete_extra,omitempty"`
	// RemoveSources has a sending server remove each file that the client has verified, if the authorization would allow
	// to replace it; with RemoveKept those that the client had already, too. RemoveEmpty removes empty folders beneath
	// the sources when all has arrived, RemoveEmptySources also the sources themselves.
	RemoveSources      bool `json:"remove_sources,omitempty"`
	RemoveKept         bool `json:"remove_kept,omitempty"`
	RemoveEmpty        bool `json:"remove_empty,omitempty"`
	RemoveEmptySources bool `json:"remove_empty_sources,omitempty"`
	// PreserveTimes and PreserveModes carry the source's modification times and permission bits over.
	PreserveTimes bool `json:"preserve_times,omitempty"`
	PreserveModes bool `json:"preserve_modes,omitempty"`
	// PreserveAccessTimes, PreserveUID and PreserveGID carry over what their names say, the owners by number.
	PreserveAccessTimes bool `json:"preserve_access_times,omitempty"`
	PreserveUID         bool `json:"preserve_uid,omitempty"`
	PreserveGID         bool `json:"preserve_gid,omitempty"`
	// Xattrs are the extended attributes of users, ACLs those by which POSIX access control lists are kept: none, native.
	Xattrs string `json:"xattrs,omitempty"`
	ACLs   string `json:"acls,omitempty"`
	// Sparse says that the holes of sparse files are not sent.
	Sparse bool `json:"sparse,omitempty"`
	// Filters are the rules by names of what is left out, in their order (package manifest).
	Filters []Filter `json:"filters,omitempty"`
	// NewerThan and OlderThan leave out files that are newer or older than a time, in seconds since 1970; 0 does not.
	NewerThan int64 `json:"newer_than,omitempty"`
	OlderThan int64 `json:"older_than,omitempty"`
	// SkipSpecial leaves out devices, pipes and sockets without an error.
	SkipSpecial bool `json:"skip_special,omitempty"`

	// TellHashes has a receiver tell the hashes of all chunks that it has, for a sender that can't read them any more.
	TellHashes bool `json:"tell_hashes,omitempty"`

	// Checksum is the digest of every file to compute, compare and report: none, md5, sha1, sha-256, sha-384, sha-512.
	Checksum string `json:"checksum,omitempty"`

	// Session and Sessions say that this session moves one of several shares of a transfer, the first being 1; 0
	// of 0 is all of it. Files of SplitFrom bytes and more are split among the sessions, unless it is 0; each of
	// the others goes with one of them.
	Session   int   `json:"session,omitempty"`
	Sessions  int   `json:"sessions,omitempty"`
	SplitFrom int64 `json:"split_from,omitempty"`

	Cipher string `json:"cipher,omitempty"` // aes-128-gcm, aes-192-gcm, aes-256-gcm
	// CipherOptional says that a server which does not permit Cipher may choose another.
	CipherOptional bool   `json:"cipher_optional,omitempty"`
	RatePolicy     string `json:"rate_policy,omitempty"` // fixed, high, fair, low
	TargetKbps     int64  `json:"target_kbps,omitempty"` // 0 is no limit
	// TargetPercent asks for a share of the highest target rate that the server allows, in per cent; 0 does not.
	TargetPercent int   `json:"target_percent,omitempty"`
	MinKbps       int64 `json:"min_kbps,omitempty"`
	MinPercent    int   `json:"min_percent,omitempty"` // likewise of the minimum
	// Aggressiveness, above 0 and up to 1, is the server's to set: 1 doubles the share of the policy, 0.5 leaves it.
	Aggressiveness float64 `json:"aggressiveness,omitempty"`
	DatagramSize   int     `json:"datagram_size,omitempty"` // largest UDP payload, 0 finds it out
}

// RemovesAtServer says that a sending server is to remove anything of what it sends.
func (o *Options) RemovesAtServer() bool {
	return o.RemoveSources || o.RemoveEmpty || o.RemoveEmptySources
}

// Welcome is the server's answer to a Hello that it accepts. JSON; unknown fields are ignored.
type Welcome struct {
	Version int    `json:"version"`
	Agent   string `json:"agent,omitempty"`
	// SessionID names the session in the logs of both ends and in the Node API.
	SessionID string `json:"session_id"`
	// TransferID is the id under which the server records the transfer.
	TransferID string `json:"transfer_id,omitempty"`
	// LinkID is the session's number on the data channel.
	LinkID uint64 `json:"link_id"`
	// Secret are the 32 random bytes that both ends derive the data keys from.
	Secret []byte `json:"secret"`
	// UDPPort is the server's data port.
	UDPPort int `json:"udp_port"`
	// TargetCapKbps is the highest target rate the client may ask for, 0 for none.
	TargetCapKbps int64   `json:"target_cap_kbps,omitempty"`
	Options       Options `json:"options"`
}

// Error ends the session. The text is for people and holds no secret.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	// Passing says that another session may go well, as after the restart of a server.
	Passing bool `json:"passing,omitempty"`
}

// Type is TypeHello.
func (*Hello) Type() Type { return TypeHello }

// Type is TypeWelcome.
func (*Welcome) Type() Type { return TypeWelcome }

// Continue asks for the rest of the sources.
type Continue struct{}

// Type is TypeContinue.
func (*Continue) Type() Type { return TypeContinue }

func (*Continue) append(b []byte) ([]byte, error) { return b, nil }

// Type is TypeSources.
func (*Sources) Type() Type { return TypeSources }

func (m *Sources) append(b []byte) ([]byte, error) { return appendJSON(b, m) }

// Type is TypeError.
func (*Error) Type() Type { return TypeError }

func (m *Hello) append(b []byte) ([]byte, error)   { return appendJSON(b, m) }
func (m *Welcome) append(b []byte) ([]byte, error) { return appendJSON(b, m) }
func (m *Error) append(b []byte) ([]byte, error)   { return appendJSON(b, m) }

func appendJSON(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return b, err
	}
	return append(b, text...), nil
}

func decodeJSON[M any, P interface {
	*M
	Message
}](t Type, payload []byte) (Message, error) {
	if err := checkShape(payload); err != nil {
		return nil, fmt.Errorf("%w: type %d: %w", ErrMalformed, t, err)
	}
	m := P(new(M))
	if err := json.Unmarshal(payload, m); err != nil {
		// The decoder's own text may quote the input, and a Hello holds a token.
		return nil, fmt.Errorf("%w: type %d is not the JSON it should be", ErrMalformed, t)
	}
	return m, nil
}
