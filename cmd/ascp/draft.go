package main

import (
	"errors"
	"fmt"
	"os"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/spf13/pflag"
)

var errHelp = errors.New("help")

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
	kind  string
	texts []string
}

func (g *given) String() string { return "" }
func (g *given) Type() string   { return g.kind }
func (g *given) Set(text string) error {
	g.texts = append(g.texts, text)
	return nil
}

// newFlags makes the flags of the table, and where their texts will be.
func newFlags() (*pflag.FlagSet, map[*option]*given) {
	set := pflag.NewFlagSet("ascp", pflag.ContinueOnError)
	set.SortFlags = false
	all := map[*option]*given{}
	for i := range options {
		o := &options[i]
		if o.flag == "" {
			continue
		}
		g := &given{kind: o.kind}
		all[o] = g
		f := set.VarPF(g, o.flag, o.short, o.usage)
		f.Hidden = o.hidden || o.fate != works
		if o.kind == "bool" || o.fate == refused { // The value of a refused flag, if there is one, never matters.
			f.NoOptDefVal = "true"
		}
	}
	return set, all
}

// applyFlags reads the command line and then the environment.
func (d *draft) applyFlags(all map[*option]*given, env func(string) string) error {
	for _, o := range named(refused) {
		if g := all[o]; g != nil && len(g.texts) > 0 {
			return fail.New(fail.Usage, "option --%s is not supported by this ascp: %s", o.flag, o.words)
		}
	}
	for _, o := range named(works) {
		if g := all[o]; g != nil && len(g.texts) > 0 && (o.kind == "stringArray" || g.texts[len(g.texts)-1] != "") {
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
	set, all := newFlags()
	set.SetOutput(os.Stderr)
	set.Usage = func() {}
	if err := set.Parse(dropValueOfPreserve(args)); err != nil {
		return nil, err
	}
	if set.Changed("help") || len(args) == 0 {
		return nil, errHelp
	}
	d := &draft{request: &request{}}
	if err := d.applyFlags(all, env); err != nil {
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
