package lab

import (
	"context"
	"fmt"
	"io"
)

// Diagnose writes what a person would look at first when something went wrong: objects,
// pods, events and the ends of logs.
func (l *Lab) Diagnose(ctx context.Context, out io.Writer) {
	for _, args := range [][]string{
		{"get", "pods", "-A", "-o", "wide"},
		{"get", "faspexinstances,transfernodes,storagelocations,accesskeys,faspexbackups", "-A", "-o", "yaml"},
		{"get", "events", "-A", "--sort-by=.lastTimestamp"},
		{"logs", "-n", OperatorNamespace, "-l", "app.kubernetes.io/name=faspex-operator", "--tail=100", "--all-containers"},
		{"logs", "-n", Namespace, "-l", "app.kubernetes.io/managed-by=faspex-operator", "--tail=60", "--all-containers",
			"--prefix", "--max-log-requests=30"},
	} {
		text, err := l.run(ctx, l.Kubectl, args...)
		if err != nil {
			text = err.Error()
		}
		fmt.Fprintf(out, "\n--- kubectl %v\n%s\n", args, text)
	}
}
