package main

import (
	"encoding/json"
	"time"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transferspec"
)

// request is one transfer as the command line or a transfer spec asks for it.
type request struct {
	direction transferspec.Direction
	host      string
	user      string
	sshPort   int
	udpPort   int // 0 takes the server's word for it
	// webSocket runs the control channel over TLS WebSocket, at webSocketPort or, if that is 0, the usual port.
	webSocket     bool
	webSocketPort int

	keyFiles      []string // of SSH keys, or of certificates for a WebSocket
	sshKeyFile    string   // named by a transfer spec: of a key alone
	authorityFile string   // likewise, of certificates alone
	keyPEM        string
	keyPassphrase string
	password      string // of the user, and of a key without a passphrase of its own
	fingerprint   string

	sources      []transferspec.Path
	sourcePrefix string
	sourceBase   string
	destination  string
	pairs        bool

	options    control.Options
	token      string
	cookie     string
	tags       json.RawMessage
	transferID string

	// fileCrypt is encrypt, decrypt or empty; filePass is only there until passphrase is made of it.
	fileCrypt   string
	filePass    string
	passphrase  *atrest.Passphrase
	failBadPass bool
	// maskNames has files sent under names that follow from maskKey.
	maskNames bool
	maskKey   string

	after          sourceFate
	keepalive      bool
	logFolder      string
	list           fileList
	quiet, debug   bool
	managementPort int
	retryTimeout   time.Duration

	// notices are what a person should know before the transfer begins.
	notices []string
}
