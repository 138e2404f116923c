package main

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/faspmgr"
)

// refuse says why a command line is not run, to the manager that it names, if there is one, and on standard error. A
// manager that hears nothing takes the end of the program for a failure that may pass, and starts it again.
func refuse(args []string, e *fail.Error) {
	told := false
	port, quiet := managedBy(args)
	if port != 0 {
		if m, err := faspmgr.Connect(context.Background(), port); err == nil {
			m.Send("ERROR", faspmgr.Int("Code", int64(e.Code)), faspmgr.Field{Name: "Description", Value: e.Text})
			told = true
		}
	}
	if told && quiet { // The manager tells the person.
		return
	}
	fmt.Fprintf(os.Stderr, "ascp: error %d: %s\n", e.Code, shown(e.Text))
	if e.Code == fail.Usage && port == 0 {
		fmt.Fprintln(os.Stderr, "Try ascp --help.")
	}
}

// managedBy finds the management port, and whether -q is there, in a command line that can't be parsed.
func managedBy(args []string) (port int, quiet bool) {
	for i, a := range args {
		text := ""
		switch {
		case a == "--":
			return port, quiet
		case a == "-q", a == "--quiet":
			quiet = true
		case a == "-M" || a == "--management-port":
			if i+1 < len(args) {
				text = args[i+1]
			}
		case strings.HasPrefix(a, "--management-port="):
			_, text, _ = strings.Cut(a, "=")
		case strings.HasPrefix(a, "-M"):
			text = strings.TrimPrefix(strings.TrimPrefix(a, "-M"), "=")
		}
		if n, err := strconv.Atoi(text); err == nil && n > 0 && n < 65536 {
			port = n
		}
	}
	return port, quiet
}
