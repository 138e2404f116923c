package flows

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

const gridftpPort = 2811

// GridFTP is globus-url-copy with a number of TCP connections, in the clear and without a login. It needs names for the
// addresses at both ends, so it runs over loopback only.
func GridFTP(connections int) Flow {
	return Flow{fmt.Sprintf("%d x gridftp", connections), func(ctx context.Context, j Job) (Outcome, error) {
		var o Outcome
		folder, err := j.arrivals()
		if err != nil {
			return o, err
		}
		port := strconv.Itoa(gridftpPort + j.Slot)
		server, err := j.Pair.B.Start(ctx, testbed.Command{Name: "globus-gridftp-server",
			Args: []string{"-aa", "-p", port, "-anonymous-user", "root", "-allow-root", "-home-dir", "/"}})
		if err != nil {
			return o, err
		}
		defer server.Stop()
		if !j.Pair.B.Answers(ctx, gridftpPort+j.Slot) {
			return o, server.Failed(errors.New("globus-gridftp-server does not listen"))
		}
		target := "ftp://" + j.Pair.Address + ":" + port + filepath.Join(folder, "file")
		began := time.Now()
		client, err := j.Pair.A.Start(ctx, testbed.Command{Name: "globus-url-copy",
			Args: []string{"-p", strconv.Itoa(connections), "-tcp-bs", "67108864", "file://" + j.Source, target}})
		if err != nil {
			return o, err
		}
		inTime, err := client.Wait(j.Limit)
		if err != nil {
			return o, client.Failed(fmt.Errorf("globus-url-copy: %w", err))
		}
		o.Cut, o.Seconds = !inTime, client.EndedAt().Sub(began).Seconds()
		server.Stop()
		o.arrived(folder)
		o.ended(client, server)
		return o, nil
	}}
}
