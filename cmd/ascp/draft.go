package main

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/spf13/pflag"
)

// What was asked for instead of a transfer.
var (
	errHelp    = errors.New("help")
	errVersion = errors.New("version")
)

// draft is a request while its options are read.
type draft struct {
	*request
	// What the words of the command line mean depends on these.
	mode, fileList, pairList, specFile string
	dest64                             bool
	// remoteXattrs and remoteACLs have to be what the request says of this end.
	remoteXattrs, remoteACLs string
	inClear                  bool
	offersWebSocket          bool // a transfer spec does
}

// given are the texts of a flag, as often as it was written.
type given struct {
	option *option
	line   *line
	texts  []string
}

func (g *given) String() string { return "" }

// Type is what the help calls the value of the flag.
func (g *given) Type() string {
	if g.option.ordered() {
		return "string"
	}
	return g.option.kind
}

func (g *given) Set(text string) error {
	g.texts = append(g.texts, text)
	if g.option.ordered() {
		g.line.inOrder = append(g.line.inOrder, placed{g.option, text})
	}
	return nil
}

// line is a command line: the texts of its flags, and those whose order counts in that order.
type line struct {
	all     map[*option]*given
	inOrder []placed
}

type placed struct {
	option *option
	text   string
}

// newFlags makes the flags of the table, and where their texts will be.
func newFlags() (*pflag.FlagSet, *line) {
	set := pflag.NewFlagSet("ascp", pflag.ContinueOnError)
	set.SortFlags = false
	l := &line{all: map[*option]*given{}}
	for i := range options {
		o := &options[i]
		if o.flag == "" {
			continue
		}
		g := &given{option: o, line: l}
		l.all[o] = g
		f := set.VarPF(g, o.flag, o.short, o.usage)
		f.Hidden = o.hidden || o.fate != works
		// The value of a refused flag, if there is one, never matters.
		if o.switches() || o.fate == refused && !o.takesValue {
			f.NoOptDefVal = "true"
		}
	}
	return set, l
}

// applyFlags reads the command line and then the environment.
func (d *draft) applyFlags(l *line, env func(string) string) error {
	for _, o := range slices.Concat(named(refused), named(inert)) {
		if g := l.all[o]; g != nil && len(g.texts) > 0 && (o.fate == refused || o.unlessAny(g.texts)) {
			return fail.New(fail.Usage, "option %s is not supported by this ascp: %s", o.written(), o.words)
		}
	}
	for _, p := range l.inOrder {
		if err := p.option.setting.flag(d, p.option.name(), []string{p.text}); err != nil {
			return err
		}
	}
	for _, o := range named(works) {
		g := l.all[o]
		if g != nil && !o.ordered() && len(g.texts) > 0 && (o.kind == "stringArray" || g.texts[len(g.texts)-1] != "") {
			if err := o.setting.flag(d, o.name(), g.texts); err != nil {
				return err
			}
		}
		if o.env == "" {
			continue
		}
		if text := env(o.env); text != "" {
			if err := o.setting.flag(d, o.env, []string{text}); err != nil {
				return err
			}
		}
	}
	return d.settleFlags()
}

// settleFlags does what follows from several flags together.
func (d *draft) settleFlags() error {
	if d.inClear {
		if d.options.Cipher != "" && d.options.Cipher != "none" {
			return fail.New(fail.Usage, "-T and -c %s exclude each other", d.options.Cipher)
		}
		d.options.CipherOptional = d.options.Cipher == ""
		d.options.Cipher = "none"
	}
	if d.webSocket {
		d.webSocketPort = d.sshPort
	}
	return d.settleAttributes("--remote-preserve-xattrs", "--remote-preserve-acls")
}

// settleAttributes checks that both ends keep the same attributes. What was checked is not checked again against a
// spec.
func (d *draft) settleAttributes(xattrs, acls string) error {
	for _, a := range []struct {
		name   string
		local  string
		remote *string
	}{{xattrs, d.options.Xattrs, &d.remoteXattrs}, {acls, d.options.ACLs, &d.remoteACLs}} {
		if remote := *a.remote; remote != "" && remote != a.local && (remote != manifest.AttributesNone || a.local != "") {
			return fail.New(fail.Usage, "%s %s: attributes are kept in the same way at both ends, or not at all", a.name, remote)
		}
		*a.remote = ""
	}
	return nil
}

// parse reads the command line and the environment. It returns errHelp when help was asked for.
func parse(args []string, env func(string) string) (*request, error) {
	set, l := newFlags()
	set.SetOutput(os.Stderr)
	set.Usage = func() {}
	if err := set.Parse(dropValueOfPreserve(args)); err != nil {
		return nil, err
	}
	switch {
	case set.Changed("help") || len(args) == 0:
		return nil, errHelp
	case set.Changed("version"):
		return nil, errVersion
	}
	d := &draft{request: &request{}}
	if err := d.applyFlags(l, env); err != nil {
		return nil, err
	}
	pinned := d.fingerprint != ""
	if err := d.sourcesAndDestination(set.Args()); err != nil {
		return nil, err
	}
	if pinned && d.webSocket {
		d.notices = append(d.notices, "--check-sshfp is about the SSH key; over a WebSocket the server's certificate is "+
			"verified instead (-i names whom to trust)")
	}
	return d.request, d.complete()
}

func (d *draft) sourcesAndDestination(words []string) error {
	if d.specFile == "" {
		return d.words(words)
	}
	if len(words) > 1 {
		return fmt.Errorf("with --transfer-spec at most a local destination can be named")
	}
	if err := d.applySpecFile(d.specFile); err != nil {
		return err
	}
	if len(words) == 1 {
		if d.direction == transferspec.Send {
			return fmt.Errorf("a transfer spec that sends names its own destination")
		}
		d.destination = words[0]
	}
	return nil
}

// dropValueOfPreserve removes a truth value after -p: some programs that drive ascp write one.
func dropValueOfPreserve(args []string) []string {
	var out []string
	for i := 0; i < len(args); i++ {
		out = append(out, args[i])
		if args[i] == "-p" && i+1 < len(args) && (args[i+1] == "true" || args[i+1] == "yes") {
			i++
		}
	}
	return out
}
