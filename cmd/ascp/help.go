package main

import "strings"

const examples = `ascp sends files to a transfer node and receives files from it, fast over any distance.

  ascp [options] source... [user@]host:destination
  ascp [options] [user@]host:source... destination
  ascp [options] --mode send|recv --host host [--user user] source... destination
  ascp [options] --transfer-spec file [local destination]

Examples

  Send a folder with the token that an API gave you, and create the destination:
    export ASPERA_SCP_TOKEN=...
    ascp -d results/ xfer@node1.example.com:/inbox

  Receive two files at 500 Mbit/s at most:
    ascp -l 500M xfer@node1.example.com:/a.mov xfer@node1.example.com:/b.mov .

  Run a transfer spec as Faspex or a node returned it, and receive into ./in:
    curl ... /transfer_spec/download | ascp --transfer-spec - ./in

  Send files that only who knows the passphrase can read; they get the suffix .aspera-env:
    export ASPERA_SCP_FILEPASS=...
    ascp --file-crypt encrypt -d results/ xfer@node1.example.com:/inbox

  Begin over HTTPS where SSH does not get through, at a node whose certificate is not of a public authority:
    ascp --ws-connect -P 9093 -i node-ca.pem -d results/ xfer@node1.example.com:/inbox

  A transfer that was cut: run the same command again, it continues where it was. Or have that done:
    ascp --retry-timeout 10m -d results/ xfer@node1.example.com:/inbox

Options
`

const afterwards = `
Environment
  ASPERA_SCP_TOKEN     authorization token
  ASPERA_SCP_KEY       private SSH key (PEM)
  ASPERA_SCP_PASS      passphrase of the SSH key, or password of the user
  ASPERA_SCP_FILEPASS  passphrase of --file-crypt; without it nobody can read the files
  ASPERA_SCP_COOKIE    text to store with the transfer

The server's SSH key is checked against --check-sshfp if that is given, else against known_hosts; a host that is in neither
is accepted with a note. Over WebSocket the server's certificate must be good for its name, by an authority that -i names, else
by one that the system trusts (or SSL_CERT_FILE names); a transfer spec with wss_enabled begins in this way. Every byte is encrypted, unless both
sides agree on cipher none; every file is verified end to end before it gets its name.
The exit status is 0 if every file arrived, else 1, with one line that says why and the published error number.
`

func help() string {
	set, _ := newFlags()
	var b strings.Builder
	b.WriteString(examples)
	b.WriteString(set.FlagUsagesWrapped(110))
	b.WriteString(afterwards)
	return b.String()
}
