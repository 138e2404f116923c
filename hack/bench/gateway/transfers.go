package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/gateway"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/ticket"
)

// curl runs curl and discards what it gets.
func curl(ctx context.Context, args ...string) error {
	c := exec.CommandContext(ctx, "curl", append([]string{"-sSfk", "--http1.1", "-o", "/dev/null", "-H", "Expect:"},
		args...)...)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("curl: %w: %s", err, out)
	}
	return nil
}

// names are new ones of n files.
func (b *bench) names(n int) []string {
	out := make([]string, n)
	for i := range out {
		b.next++
		out[i] = fmt.Sprintf("f%d", b.next)
	}
	return out
}

// put stores n files by nginx at once.
func (b *bench) put(ctx context.Context, n int) error {
	var group errgroup.Group
	names := b.names(n)
	for _, name := range names {
		group.Go(func() error { return curl(ctx, "-T", source(b.dir), "https://"+b.direct+"/"+name) })
	}
	return b.stored(group.Wait(), "store", names)
}

// stored looks whether files are there, and removes them.
func (b *bench) stored(err error, folder string, names []string) error {
	for _, name := range names {
		p := filepath.Join(b.dir, folder, name)
		if info, statErr := os.Stat(p); err == nil && (statErr != nil || info.Size() != b.size) {
			err = fmt.Errorf("%s is not stored: %w", name, statErr)
		}
		_ = os.Remove(p) // It may not be there.
	}
	return err
}

func (b *bench) spec(token string) transferspec.Spec {
	return transferspec.Spec{RemoteHost: "127.0.0.1", RemoteUser: "xfer", SSHPort: b.node.Port,
		SSHFP: b.node.Fingerprint, Token: token, DestinationRoot: "/"}
}

// send stores n files by the gateway at once, each in a session of its own.
func (b *bench) send(ctx context.Context, n int) error {
	var group errgroup.Group
	names := b.names(n)
	for _, name := range names {
		group.Go(func() error { return b.sendFile(ctx, name) })
	}
	return b.stored(group.Wait(), "nodefiles", names)
}

func (b *bench) sendFile(ctx context.Context, name string) error {
	asked, err := json.Marshal(map[string]any{
		"transfer_spec": b.spec(b.node.Token), "files": []map[string]any{{"path": name, "size": b.size,
			"mtime": 1_700_000_000}},
	})
	if err != nil {
		return err
	}
	var created struct {
		ID    string
		Files []struct{ URL string }
	}
	plain := "http://" + b.gateway.cmd.Args[len(b.gateway.cmd.Args)-1]
	if err := post(ctx, plain+gateway.Base+"/sessions", asked, &created); err != nil {
		return err
	}
	if err := curl(ctx, "-X", "PATCH", "-T", source(b.dir), "-H", "Content-Type: application/offset+octet-stream",
		"-H", "Upload-Offset: 0",
		"https://"+b.proxied+created.Files[0].URL); err != nil {
		return err
	}
	return post(ctx, plain+gateway.Base+"/sessions/"+created.ID+"/complete", nil, nil)
}

// crowd is how many uploads run at once for the memory that the gateway takes.
const crowdSize = 20

// crowd sends many files at once, for which nothing is compared.
func (b *bench) crowd(ctx context.Context) error {
	if err := b.send(ctx, crowdSize); err != nil {
		return fmt.Errorf("%d uploads at once: %w", crowdSize, err)
	}
	return nil
}

func post(ctx context.Context, url string, body []byte, answer any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode >= 300 {
		return fmt.Errorf("%s: %s: %s", url, res.Status, text)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// get downloads a file from nginx.
func (b *bench) get(ctx context.Context) error {
	if err := link(source(b.dir), filepath.Join(b.dir, "store", "down")); err != nil {
		return err
	}
	return curl(ctx, "https://"+b.direct+"/down")
}

// receive downloads it from the node through the gateway.
func (b *bench) receive(ctx context.Context) error {
	if err := link(source(b.dir), filepath.Join(b.dir, "nodefiles", "down")); err != nil {
		return err
	}
	ring, err := keyring.New(secret, "")
	if err != nil {
		return err
	}
	spec := b.spec(b.node.Receive)
	spec.Paths = []transferspec.Path{{Source: "/down"}}
	b.next++
	t, err := ticket.Seal(ring, ticket.Ticket{ID: fmt.Sprint(b.next), Expires: time.Now().Add(time.Hour),
		Name: "down", Spec: spec})
	if err != nil {
		return err
	}
	return curl(ctx, "https://"+b.proxied+gateway.Base+"/tickets/"+t)
}

func link(from, to string) error {
	if err := os.Link(from, to); err != nil && !strings.Contains(err.Error(), "exists") {
		return err
	}
	return os.Chmod(from, 0o644)
}
