package main

import (
	"fmt"
	"strings"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/internal/version"
	"github.com/spf13/pflag"
)

// ignored are published options that make no difference here: tuning of another implementation, and the fallback to HTTP
// that is never needed because it is not offered. Their values are read and dropped.
var ignored = []struct {
	name, short string
	value       bool
}{
	{"http-fallback", "y", true}, {"http-port", "t", true}, {"http-cert", "I", true}, {"http-key", "Y", true},
	{"local-log", "L", true}, {"remote-log", "R", true},
	{"read-block-size", "g", true}, {"write-block-size", "G", true}, {"rexmsg-size", "X", true},
	{"precalculate-job-size", "", false}, {"precalculate-disable", "", false}, {"skip-dir-traversal-dupes", "", false},
	{"preserve-source-access-time", "", false},
}

// unsupported are published options that would change the result, so that leaving them out silently would be wrong.
var unsupported = []string{
	"apply-local-docroot", "delete-before-transfer", "keepalive", "move-after-transfer",
	"preserve-creation-time", "proxy", "remove-after-transfer",
	"remove-empty-directories", "remove-empty-source-directory", "remove-skipped", "save-before-overwrite", "ssh-arg",
	"file-manifest", "file-manifest-path", "partial-file-suffix", "ignore-host-key", "exclude-from", "lock-min-rate",
}

// accepted is a flag without effect.
type accepted struct{ value bool }

func (accepted) String() string   { return "" }
func (accepted) Set(string) error { return nil }
func (a accepted) Type() string {
	if a.value {
		return "string"
	}
	return "bool"
}

func addIgnored(s *pflag.FlagSet) {
	for _, o := range ignored {
		f := s.VarPF(accepted{value: o.value}, o.name, o.short, "")
		if !o.value {
			f.NoOptDefVal = "true"
		}
		f.Hidden = true
	}
}

func addUnsupported(s *pflag.FlagSet) {
	for _, name := range unsupported {
		f := s.VarPF(accepted{}, name, "", "")
		f.NoOptDefVal = "true" // The value, if there is one, never matters.
		f.Hidden = true
	}
}

func refuseUnsupported(s *pflag.FlagSet) error {
	for _, name := range unsupported {
		if s.Changed(name) {
			return fail.New(fail.Usage, "option --%s is not supported by this ascp", name)
		}
	}
	return nil
}

// information answers the calls by which programs find out about an ascp.
func information(args []string) (text string, status int, ok bool) {
	for _, a := range args {
		switch a {
		case "-A", "--version":
			return fmt.Sprintf("faspex ascp version %s\n", published()), 0, true
		case "-DDL-":
			return fmt.Sprintf("LOG faspex ascp version %[1]s\nLOG Initializing FASP version %[1]s, protocol of faspex.io\n", published()), 1, true
		case "-SSH":
			return "ascp: error 8: option -SSH is not supported by this ascp\n", 1, true
		}
	}
	return "", 0, false
}

// published is the version as digits and dots, which is what programs look for.
func published() string {
	v := strings.TrimPrefix(version.Version, "v")
	if i := strings.IndexFunc(v, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }); i >= 0 {
		v = v[:i]
	}
	if v == "" { // A build without a release.
		return "0.0.0"
	}
	return v
}
