package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// errNotUp makes `status` end with status 1 after it has written what there is to say.
var errNotUp = errors.New("the cluster is not up")

// status writes what exists and whether it works.
func status(ctx context.Context, s stateDir, w io.Writer) error {
	r, err := readRecord(s)
	if err != nil {
		return err
	}
	if r == nil {
		fmt.Fprintln(w, "cluster: down")
		return errNotUp
	}
	upAll := true
	for _, m := range machineNames() {
		pid := runningPID(s.machine(m))
		_, booted := os.Stat(s.machine(m).ready())
		switch {
		case pid == 0:
			fmt.Fprintf(w, "machine %-3s off\n", m)
		case booted != nil:
			fmt.Fprintf(w, "machine %-3s booting (process %d)\n", m, pid)
		default:
			fmt.Fprintf(w, "machine %-3s on (process %d)\n", m, pid)
		}
		upAll = upAll && pid != 0 && booted == nil
	}
	api, err := newAPIProbe(s, apiURL)
	if err != nil {
		return err
	}
	if err := api.ready(ctx); err != nil {
		fmt.Fprintf(w, "API %s: %v\n", apiURL, err)
		return errNotUp
	}
	fmt.Fprintf(w, "API %s: ready\nKUBECONFIG=%s\nlogs: %s\nfolder that all nodes share: %s\n", apiURL,
		s.kubeconfig("admin"), s.join("*", "log"), sharedFolder)
	cmd := kubectl(ctx, s, r.Binaries, "get", "nodes", "-o", "wide")
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Run(); err != nil || !upAll {
		return errNotUp
	}
	return nil
}
