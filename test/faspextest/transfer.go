package faspextest

import (
	"context"
	"net"
	"path"
	"path/filepath"
	"strconv"
	"testing"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd/dial"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transferspec"
)

// Send makes the transfer of an upload's spec with a file or folder of this host.
func Send(t testing.TB, spec transferspec.Spec, source string) {
	t.Helper()
	c := clientOf(spec)
	c.Roots = []transfer.Root{{Tree: transfer.HostTree{}, Path: source, Name: filepath.Base(source)}}
	c.Hello.Destination, c.Hello.Options.CreateDir = spec.DestinationRoot, true
	run(t, spec, c)
}

// Receive makes the transfer of a download's spec into a folder of this host.
func Receive(t testing.TB, spec transferspec.Spec, dir string) {
	t.Helper()
	root, err := storage.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	c := clientOf(spec)
	c.Target = root
	for _, p := range spec.Paths {
		c.Hello.Sources = append(c.Hello.Sources, control.Source{Source: path.Join(spec.SourceRoot, p.Source),
			Destination: p.Destination})
	}
	run(t, spec, c)
}

func clientOf(spec transferspec.Spec) *transfer.Client {
	return &transfer.Client{
		Hello: control.Hello{Agent: "test", Direction: string(spec.Direction), Token: spec.Token, Tags: spec.Tags,
			Cookie: spec.Cookie},
		Dial: func(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
			return udplink.Dial(ctx, net.JoinHostPort(spec.RemoteHost, strconv.Itoa(port)), cfg, udplink.Options{})
		},
	}
}

func run(t testing.TB, spec transferspec.Spec, c *transfer.Client) {
	t.Helper()
	channel, err := dial.Open(t.Context(), dial.Options{Host: spec.RemoteHost, Port: spec.SSHPort, User: spec.RemoteUser,
		Token: true, HostKey: &dial.HostKey{Fingerprint: spec.SSHFP}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), channel); err != nil {
		t.Fatal(err)
	}
}
