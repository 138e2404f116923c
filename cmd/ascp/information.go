package main

import (
	"fmt"
	"strings"

	"faspex.io/operator/internal/version"
)

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
