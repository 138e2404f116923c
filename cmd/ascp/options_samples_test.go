package main

import (
	"encoding/json"
	"time"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transferspec"
)

// sample gives an option that works something to set.
type sample struct {
	text string // of the flag
	json string // in a spec: the same; another is a value that must not displace it
	// want is what either sets.
	want        func(*draft)
	other       string
	flag, field func(*draft) // where the two differ
}

var samples = map[string]sample{
	"mode": {text: "recv", json: `"receive"`, flag: func(d *draft) { d.mode = "recv" },
		field: func(d *draft) { d.direction = transferspec.Receive }},
	"host":     {text: "h", json: `"h"`, other: `"g"`, want: func(d *draft) { d.host = "h" }},
	"user":     {text: "u", json: `"u"`, other: `"v"`, want: func(d *draft) { d.user = "u" }},
	"ssh-port": {text: "33001", json: `33001`, other: `22`, want: func(d *draft) { d.sshPort = 33001 }},
	"ws-connect": {text: "true", json: `true`, flag: func(d *draft) { d.webSocket = true },
		field: func(d *draft) { d.offersWebSocket = true }},
	"wss_port":             {json: `443`, want: func(d *draft) { d.webSocketPort = 443 }},
	"udp-port":             {text: "5", json: `5`, other: `6`, want: func(d *draft) { d.udpPort = 5 }},
	"identity":             {text: "k", want: func(d *draft) { d.keyFiles = []string{"k"} }},
	"ssh_private_key_path": {json: `"k"`, want: func(d *draft) { d.sshKeyFile = "k" }},
	"wss_cert_auth_path":   {json: `"c"`, want: func(d *draft) { d.authorityFile = "c" }},
	"token":                {text: "T", json: `"T"`, other: `"U"`, want: func(d *draft) { d.token = "T" }},
	"ASPERA_SCP_KEY":       {text: "K", json: `"K"`, other: `"L"`, want: func(d *draft) { d.keyPEM = "K" }},
	"ASPERA_SCP_PASS":      {text: "P", json: `"P"`, other: `"Q"`, want: func(d *draft) { d.password = "P" }},
	"ASPERA_SCP_COOKIE":    {text: "C", json: `"C"`, other: `"D"`, want: func(d *draft) { d.cookie = "C" }},
	"ASPERA_SCP_FILEPASS":  {text: "F", json: `"F"`, other: `"G"`, want: func(d *draft) { d.filePass = "F" }},
	"check-sshfp":          {text: "ab", json: `"ab"`, other: `"cd"`, want: func(d *draft) { d.fingerprint = "ab" }},
	"target-rate": {text: "7M", json: `7000`, other: `1`,
		want: func(d *draft) { d.options.TargetKbps = 7000 }},
	"min-rate": {text: "7", json: `7`, other: `1`, want: func(d *draft) { d.options.MinKbps = 7 }},
	"policy": {text: "high", json: `"high"`, other: `"low"`,
		want: func(d *draft) { d.options.RatePolicy = "high" }},
	"resume": {text: "0", json: `"none"`, other: `"attrs"`,
		want: func(d *draft) { d.options.Resume = "none" }},
	"overwrite": {text: "never", json: `"never"`, other: `"older"`,
		want: func(d *draft) { d.options.Overwrite = "never" }},
	"create-dir": {text: "true", json: `true`, other: `false`,
		want: func(d *draft) { d.options.CreateDir = true }},
	"file-list":      {text: "f", want: func(d *draft) { d.fileList = "f" }},
	"file-pair-list": {text: "f", want: func(d *draft) { d.pairList = "f" }},
	"transfer-spec":  {text: "f", want: func(d *draft) { d.specFile = "f" }},
	"source-prefix64": {text: "L2E=", json: `"/a"`, other: `"/b"`,
		want: func(d *draft) { d.sourcePrefix = "/a" }},
	"src-base64": {text: "L2E=", json: `"/a"`, other: `"/b"`,
		want: func(d *draft) { d.sourceBase = "/a" }},
	"src_base64":       {json: `"L2E="`, want: func(d *draft) { d.sourceBase = "/a" }},
	"dest64":           {text: "true", want: func(d *draft) { d.dest64 = true }},
	"destination_root": {json: `"/d"`, want: func(d *draft) { d.destination = "/d" }},
	"symbolic-links": {text: "skip", json: `"skip"`, other: `"copy"`,
		want: func(d *draft) { d.options.Symlinks = "skip" }},
	"exclude": {text: "*.tmp", want: func(d *draft) { d.options.Filters = []control.Filter{{Pattern: "*.tmp"}} }},
	"include": {text: "*.tmp",
		want: func(d *draft) { d.options.Filters = []control.Filter{{Pattern: "*.tmp", Include: true}} }},
	"adaptive":           {text: "true", want: func(d *draft) { d.options.RatePolicy = "fair" }},
	"source-prefix":      {text: "/a", want: func(d *draft) { d.sourcePrefix = "/a" }},
	"src-base":           {text: "/a", want: func(d *draft) { d.sourceBase = "/a" }},
	"version":            {text: "true", want: func(*draft) {}},
	"exclude-newer-than": {text: "7", json: `"7"`, other: `"8"`, want: func(d *draft) { d.options.NewerThan = 7 }},
	"exclude-older-than": {text: "1970-01-01T00:00:07Z", json: `"7"`, other: `"8"`,
		want: func(d *draft) { d.options.OlderThan = 7 }},
	"skip-special-files": {text: "true", json: `true`, want: func(d *draft) { d.options.SkipSpecial = true }},
	"cipher": {text: "aes128", json: `"aes-128-cfb"`, other: `"aes-256"`,
		want: func(d *draft) { d.options.Cipher = "aes-128-gcm" }},
	"datagram-size": {text: "1400", json: `1400`, other: `9000`,
		want: func(d *draft) { d.options.DatagramSize = 1400 }},
	"tags": {text: `{"a":1}`, json: `{"a":1}`, other: `{"b":1}`,
		want: func(d *draft) { d.tags = json.RawMessage(`{"a":1}`) }},
	"tags64": {text: `eyJhIjoxfQ==`, json: `"eyJhIjoxfQ=="`, other: `"e30="`,
		want: func(d *draft) { d.tags = json.RawMessage(`{"a":1}`) }},
	"file-checksum": {text: "md5", json: `"md5"`, other: `"sha1"`,
		want: func(d *draft) { d.options.Checksum = "md5" }},
	"file-crypt": {text: "encrypt", json: `"encrypt"`, other: `"decrypt"`,
		want: func(d *draft) { d.fileCrypt = "encrypt" }},
	"fail-bad-filepass": {text: "true", json: `true`, want: func(d *draft) { d.failBadPass = true }},
	"management-port":   {text: "7", want: func(d *draft) { d.managementPort = 7 }},
	"session":           {text: "2:3", want: func(d *draft) { d.options.Session, d.options.Sessions = 2, 3 }},
	"retry-timeout":     {text: "90s", want: func(d *draft) { d.retryTimeout = 90 * time.Second }},
	"quiet":             {text: "true", want: func(d *draft) { d.quiet = true }},
	"debug":             {text: "true", want: func(d *draft) { d.debug = true }},
	"no-encryption":     {text: "true", want: func(d *draft) { d.inClear = true }},
	"help":              {text: "true", want: func(*draft) {}},
	"preserve-access-time": {text: "true", json: `true`,
		want: func(d *draft) { d.options.PreserveAccessTimes = true }},
	"preserve-xattrs": {text: "native", json: `"native"`, other: `"none"`,
		want: func(d *draft) { d.options.Xattrs = "native" }},
	"preserve-acls": {text: "native", json: `"native"`, other: `"none"`,
		want: func(d *draft) { d.options.ACLs = "native" }},
	"remote-preserve-acls": {text: "native", json: `"native"`, other: `"none"`,
		want: func(d *draft) { d.remoteACLs = "native" }},
	"preserve": {text: "true", json: `true`,
		flag:  func(d *draft) { d.options.PreserveModes, d.options.PreserveTimes = true, true },
		field: func(d *draft) { d.options.PreserveTimes = true }},
	"paths": {json: `[{"source":"a"}]`,
		want: func(d *draft) { d.sources = []transferspec.Path{{Source: "a"}} }},
	"ssh_private_key_passphrase": {json: `"P"`, want: func(d *draft) { d.keyPassphrase = "P" }},
	"preserve-modification-time": {text: "true", json: `true`, want: func(d *draft) { d.options.PreserveTimes = true }},
	"preserve-file-owner-uid":    {text: "true", json: `true`, want: func(d *draft) { d.options.PreserveUID = true }},
	"preserve-file-owner-gid":    {text: "true", json: `true`, want: func(d *draft) { d.options.PreserveGID = true }},
	"remote-preserve-xattrs": {text: "native", json: `"native"`, other: `"none"`,
		want: func(d *draft) { d.remoteXattrs = "native" }},
	"multi-session-threshold": {text: "7", json: `7`, other: `8`, want: func(d *draft) { d.options.SplitFrom = 7 }},
}
