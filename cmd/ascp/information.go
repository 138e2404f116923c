package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"faspex.io/operator/internal/version"
)

// asksAbout says that the whole command line is the question by which programs find out about an ascp; anywhere else
// these letters are the options that they look like.
func asksAbout(args []string) bool { return len(args) == 1 && args[0] == "-DDL-" }

// about is the answer, in the form that programs take apart.
func about() string {
	var b strings.Builder
	program, err := os.Executable()
	if err != nil {
		program = os.Args[0]
	}
	if absolute, err := filepath.Abs(program); err == nil {
		program = absolute
	}
	fmt.Fprintf(&b, "DBG Path root dir  : %s\n", filepath.Dir(program))
	fmt.Fprintf(&b, "DBG Path ascp file : %s\n", program)
	if home, err := os.UserHomeDir(); err == nil && filepath.IsAbs(home) {
		fmt.Fprintf(&b, "DBG Path home dir  : %s\n", home)
	}
	fmt.Fprintf(&b, "LOG faspex ascp version %[1]s\nLOG Initializing FASP version %[1]s, protocol of faspex.io\n",
		published())
	return b.String()
}

// versionText is what --version says.
func versionText() string { return fmt.Sprintf("faspex ascp version %s\n", published()) }

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
