// Command golangci-lint is golangci-lint with the linter of Kubernetes API types compiled in, because it
// can't load that one any other way.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/golangci/golangci-lint/v2/pkg/commands"
	"github.com/golangci/golangci-lint/v2/pkg/exitcodes"
	_ "sigs.k8s.io/kube-api-linter"
)

// version is set by the linker.
var version = "v0.0.0"

func main() {
	info := commands.BuildInfo{Version: strings.TrimPrefix(version, "v"), GoVersion: runtime.Version(),
		Commit: "pinned by hack/tools", Date: "unknown"}
	if err := commands.Execute(info); err != nil {
		fmt.Fprintln(os.Stderr, "golangci-lint:", err)
		os.Exit(exitcodes.Failure)
	}
}
