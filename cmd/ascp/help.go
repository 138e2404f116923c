package main

import (
	"fmt"
	"strings"
)

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
Patterns of -E and -N: the first that matches a name decides. * and ? match no slash, /** goes over folders,
[a-z] [!a-z] [[:digit:]] are sets. One that begins with / is held against the whole path at the destination, one
that ends with / means folders alone, one that ends with * folders and files, any other files. Sources at the
server may have wildcards too. faux:///name?1g and stdio:///name?bytes are sources, faux:// and stdio:// destinations
of this computer that are no files.

The server's SSH key must have the fingerprint that --check-sshfp or a transfer spec gives. Without one, it
must be the key that ~/.ssh/known_hosts or /etc/ssh/ssh_known_hosts has. A host that is in neither is accepted
once: its key is remembered in ~/.ssh/known_hosts, which a line says, and another key is refused from then on.
A key that these files mark @revoked is always refused. Over WebSocket no fingerprint counts: the server's
certificate must be good for its name, by an authority that -i names, else by one that the system trusts (or
SSL_CERT_FILE names); a transfer spec with wss_enabled begins in this way. Every byte is encrypted, unless
both sides agree on cipher none; every file is verified end to end before it gets its name.
The exit status is 0 if every file arrived, else 1, with one line that says why and the published error number.
`

// columns is how wide the help is.
const columns = 110

func help() string {
	set, _ := newFlags()
	var b strings.Builder
	b.WriteString(examples)
	b.WriteString(set.FlagUsagesWrapped(columns))
	b.WriteString("\nEnvironment\n")
	for _, o := range named(works) {
		if o.env != "" {
			fmt.Fprintf(&b, "  %-20s %s\n", o.env, o.words)
		}
	}
	b.WriteString("\nTaken without effect, on the command line or in a transfer spec\n")
	var idle []string
	for _, o := range named(inert) {
		idle = append(idle, o.names()...)
	}
	b.WriteString(wrapped(idle))
	b.WriteString("\nRefused\n")
	for _, o := range named(refused) {
		fmt.Fprintf(&b, "  %s: %s\n", strings.Join(o.names(), ", "), o.words)
	}
	b.WriteString(afterwards)
	return b.String()
}

// names are all that a person may have written.
func (o *option) names() []string {
	var names []string
	if o.short != "" {
		names = append(names, "-"+o.short)
	}
	if o.flag != "" {
		names = append(names, "--"+o.flag)
	}
	return append(names, o.fields...)
}

// wrapped are words in lines, with commas between them.
func wrapped(words []string) string {
	var b strings.Builder
	line := " "
	for i, w := range words {
		if i < len(words)-1 {
			w += ","
		}
		if len(line)+1+len(w) > columns {
			b.WriteString(line + "\n")
			line = " "
		}
		line += " " + w
	}
	return b.String() + line + "\n"
}
