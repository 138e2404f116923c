// Command demo runs the product's main job where a person can watch: it installs the operator with Helm into the
// cluster that KUBECONFIG names, applies the samples, waits until everything is Ready, sends a package from one person
// to another, and tells how to do the same in a browser. `make demo` brings the cluster up first.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"text/template"
	"time"

	"faspex.io/operator/test/lab"
)

const (
	largeFile  = 256 << 20
	smallFiles = 500
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr,
			"\ndemo: %v\n\nThe cluster is left as it is: look with `make kubectl ARGS=\"get pods -A\"`, remove it with `make demo-down`.\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	l, err := lab.Open(lab.NewProgress(os.Stdout))
	if err != nil {
		return err
	}
	if err := l.InstallOperator(ctx); err != nil {
		return err
	}
	if err := l.ApplySamples(ctx); err != nil {
		return err
	}
	mails, err := l.StartMailbox(ctx)
	if err != nil {
		return err
	}
	if err := l.WaitReady(ctx, 5*time.Minute); err != nil {
		return err
	}
	admin, err := l.Admin(ctx)
	if err != nil {
		return err
	}
	return exchange(ctx, l, admin, mails)
}

// exchange sends a package from Alice to Bob, has Bob receive it, and compares. mails is where mails are seen.
func exchange(ctx context.Context, l *lab.Lab, admin *lab.Person, mails string) error {
	people, err := l.Cast(ctx, admin)
	if err != nil {
		return err
	}
	alice, bob := people[0], people[1]
	dir, err := os.MkdirTemp("", "faspex-demo-")
	if err != nil {
		return err
	}
	sent, received := filepath.Join(dir, "sent"), filepath.Join(dir, "received")
	for _, d := range []string{sent, received} {
		if err := os.Mkdir(d, 0o755); err != nil {
			return err
		}
	}
	payload, err := lab.WritePayload(sent, lab.PayloadSpec{Seed: 1, LargeBytes: largeFile, SmallFiles: smallFiles})
	if err != nil {
		return err
	}
	l.Progress.Step("Alice sends Bob %d files, %d MiB", payload.Files, payload.Bytes>>20)
	pkg, err := l.Send(ctx, alice, bob.Name, "Holiday pictures", payload)
	if err != nil {
		return err
	}
	l.Progress.Step("Bob receives them")
	if err := l.Receive(ctx, bob, pkg.ID, received); err != nil {
		return err
	}
	if err := lab.Same(sent, received); err != nil {
		return fmt.Errorf("what Bob received is not what Alice sent: %w", err)
	}
	l.Progress.Detail("every file is there, byte for byte: %s", received)
	web, err := l.Web(ctx)
	if err != nil {
		return err
	}
	return summary.Execute(os.Stdout, map[string]any{
		"Web": web, "Send": strings.TrimSuffix(web, "/") +
			"/packages/new", "Received": received, "Admin": admin, "Alice": alice, "Bob": bob, "Elapsed": l.Progress.Elapsed(),
		"Kubeconfig": l.Kubeconfig, "Mails": mails,
	})
}

var summary = template.Must(template.New("").Parse(`
Done in {{.Elapsed}}. The cluster stays up.

  Web page      {{.Web}}
                (the certificate is the demo's own: the browser will ask)
  Log in as     {{.Alice.Name}} / {{.Alice.Password}}
                {{.Bob.Name}} / {{.Bob.Password}}
                {{.Admin.Name}} / {{.Admin.Password}}   (administrator)
  Mails         {{.Mails}} shows every mail that this Faspex sends, a forgotten password's for example

  Send          1. Open {{.Send}} and log in as {{.Alice.Name}}.
                2. Drop files or a folder on the page, write {{.Bob.Name}} into "Recipients" and press Enter, add a title, press "Send".
                   The panel shows how far they are. A reload, or a network that is away for a while, costs nothing.
  Receive       Open {{.Web}} in a private window, log in as {{.Bob.Name}}, open the package, press "Download".
                "Holiday pictures" is there already; its files are in {{.Received}}, too.

  Look around   export KUBECONFIG={{.Kubeconfig}}
                kubectl get faspexinstances,transfernodes,storagelocations,accesskeys,faspexbackups
                kubectl describe transfernode demo
                kubectl explain faspexinstance.spec
                (no kubectl? go run ./hack/cluster kubectl get pods -A)
  Remove it     make demo-down
`))
