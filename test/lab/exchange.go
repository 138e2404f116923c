package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
)

// NewPackage creates a package and returns it with the transfer spec of its upload, completed with the payload's paths.
func (l *Lab) NewPackage(ctx context.Context, from *Person, to, title string, p Payload) (api.Package,
	transferspec.Spec, error) {
	pkg, err := from.API.CreatePackage(ctx, api.PackageCreate{Title: title,
		Recipients: []api.RecipientName{{Name: to, RecipientType: "user"}}})
	if err != nil {
		return pkg, transferspec.Spec{}, err
	}
	entries, err := p.Entries()
	if err != nil {
		return pkg, transferspec.Spec{}, err
	}
	spec, err := from.API.UploadSpec(ctx, pkg.ID, entries)
	if err != nil {
		return pkg, spec, err
	}
	spec.Paths = nil
	for _, name := range entries {
		spec.Paths = append(spec.Paths, transferspec.Path{Source: filepath.Join(p.Dir, name)})
	}
	return pkg, spec, nil
}

// Send sends a payload as a package and waits until it is released to its recipient.
func (l *Lab) Send(ctx context.Context, from *Person, to, title string, p Payload) (api.Package, error) {
	pkg, spec, err := l.NewPackage(ctx, from, to, title, p)
	if err != nil {
		return pkg, err
	}
	if _, err := l.Transfer(ctx, spec); err != nil {
		return pkg, err
	}
	return l.WaitPackage(ctx, from, pkg.ID, "released", 2*time.Minute)
}

// WaitPackage waits until a package is in a state of the guide's table, printing every change.
func (l *Lab) WaitPackage(ctx context.Context, as *Person, id, state string, timeout time.Duration) (api.Package,
	error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	last := ""
	for {
		pkg, err := as.API.Package(ctx, id)
		if err != nil {
			return pkg, err
		}
		if now := fmt.Sprintf("%s (state %s, upload %s)", pkg.Status, pkg.State, pkg.UploadStatus); now != last {
			l.Progress.Detail("package %s: %s", id, now)
			last = now
		}
		if pkg.State == state {
			return pkg, nil
		}
		select {
		case <-ctx.Done():
			return pkg, fmt.Errorf("package %s is %s after %v, not %s", id, last, timeout, state)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// Receive downloads a whole package that a person received into dir.
func (l *Lab) Receive(ctx context.Context, by *Person, id, dir string) error {
	spec, err := by.API.DownloadSpec(ctx, id, nil)
	if err != nil {
		return err
	}
	spec.DestinationRoot = dir
	_, err = l.Transfer(ctx, spec)
	return err
}

// Transfer runs ascp with a transfer spec, as a client of the API would, and returns what it printed. The spec goes
// through standard input, so that the token is in no process list.
func (l *Lab) Transfer(ctx context.Context, spec transferspec.Spec, args ...string) (string, error) {
	text, err := json.Marshal(spec)
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, l.ASCP, append(args, "--transfer-spec", "-")...)
	cmd.Stdin = strings.NewReader(string(text))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	out, err := cmd.CombinedOutput()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return string(out), &TransferError{Status: exit.ExitCode(), Output: strings.TrimSpace(string(out))}
		}
		return string(out), err
	}
	return string(out), nil
}

// TransferError is ascp's refusal or failure.
type TransferError struct {
	Status int
	Output string
}

func (e *TransferError) Error() string {
	return fmt.Sprintf("ascp exited with %d: %s", e.Status, e.Output)
}
