package main

import (
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
)

// node-82, the statistics: they add up to the files that were sent, that failed, and that were there already, at the end
// that receives and at the one that sends. Which fields there are is in TestInterfaceIsDocumented and docs/node-api.md.
func TestStatisticsAddUp(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	ctx, c := t.Context(), n.client(t, "node", nodePassword)
	local := t.TempDir()
	for _, name := range []string{"a", "b", "sub/c"} {
		write(t, filepath.Join(local, "in", name), "some text of "+name)
	}
	request := client.TransferRequest{
		DestinationRoot: "/default", Paths: []transferspec.Path{{Source: filepath.Join(local, "in")}},
	}
	run := func(spec transferspec.Spec, err error, ends bool) client.SourceStatistics {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		out, err := command(t, spec).CombinedOutput()
		if (err == nil) != ends {
			t.Fatalf("ascp: %v: %s", err, out)
		}
		status := client.StatusCompleted
		if !ends {
			status = client.StatusFailed
		}
		return awaitStatus(t, c, idOf(t, spec), status).Sessions[0].SourceStatistics
	}
	up := func(ends bool) client.SourceStatistics {
		t.Helper()
		spec, err := c.UploadSetup(ctx, request)
		return run(spec, err, ends)
	}
	want := client.SourceStatistics{FilesScanCompleted: 3, FilesXferAttempted: 3, DirsXferAttempted: 2}
	if got := up(true); got != want {
		t.Errorf("sent: %+v, want %+v", got, want)
	}
	write(t, filepath.Join(local, "in/new"), "new")
	write(t, filepath.Join(local, "in/taken"), "taken")
	write(t, filepath.Join(n.cfg.StorageRoot, "default/in/taken/by a folder"), "x")
	want = client.SourceStatistics{
		FilesScanCompleted: 5, FilesXferAttempted: 5, FilesXferFail: 1, FilesXferNoXfer: 3, DirsXferAttempted: 2,
	}
	if got := up(false); got != want {
		t.Errorf("sent again: %+v, want %+v", got, want)
	}
	away := t.TempDir()
	down := client.TransferRequest{
		Paths: []transferspec.Path{{Source: "/default/in", Destination: filepath.Join(away, "in")}},
	}
	receive := func() (transferspec.Spec, error) {
		spec, err := c.DownloadSetup(ctx, down)
		spec.DestinationRoot = away
		return spec, err
	}
	for i, kept := range []int64{0, 5} {
		spec, err := receive()
		want := client.SourceStatistics{
			FilesScanCompleted: 5, FilesXferAttempted: 5, FilesXferNoXfer: kept, DirsXferAttempted: 3,
		}
		if got := run(spec, err, true); got != want {
			t.Errorf("received %d: %+v, want %+v", i, got, want)
		}
	}
}
