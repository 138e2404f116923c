package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"faspex.io/operator/hack/cluster/cache"
)

// up brings the cluster up. When it is up, that is all; when a machine of it is off, it is started again; what a crash
// has left beyond repair is removed first.
func up(ctx context.Context, s stateDir, w io.Writer) error {
	start := time.Now()
	if err := preflight(); err != nil {
		return err
	}
	b, err := buildComponents(ctx, w)
	if err != nil {
		return err
	}
	if err := ensureSystemImages(b); err != nil {
		return err
	}
	release, err := cache.Lock("cluster")
	if err != nil {
		return err
	}
	defer release()
	if err := removeLeftovers(s, w); err != nil {
		return err
	}
	r, err := readRecord(s)
	if err != nil {
		return err
	}
	if r == nil {
		fmt.Fprintln(w, "making the network, keys and machines")
		if r, err = create(s, b); err != nil {
			return fmt.Errorf("%w (the command down removes what exists)", err)
		}
	}
	if err := bringUp(ctx, s, r.Binaries, w); err != nil {
		return err
	}
	fmt.Fprintf(w, "cluster is up (%.1fs); KUBECONFIG=%s\n", time.Since(start).Seconds(), s.kubeconfig("admin"))
	return nil
}

// create makes everything that the machines need before their first start.
func create(s stateDir, b binaries) (*record, error) {
	if err := checkAddresses(); err != nil {
		return nil, err
	}
	r := &record{BootID: bootID(), Binaries: b}
	// The record is written whatever happens, so that down finds what was made.
	if err := errors.Join(r.makeMountPoints(), r.makeSharedFolder(), r.write(s)); err != nil {
		return nil, err
	}
	if err := createPKI(s, time.Now()); err != nil {
		return nil, fmt.Errorf("make keys and certificates: %w", err)
	}
	return r, createNetwork()
}

// bringUp starts every machine that is off and waits until all of the cluster works.
func bringUp(ctx context.Context, s stateDir, b binaries, w io.Writer) error {
	for _, m := range machineNames() {
		if err := powerOn(ctx, s, m); err != nil {
			return err
		}
	}
	api, err := newAPIProbe(s, apiURL)
	if err != nil {
		return err
	}
	if err := waitForMachine(ctx, s, controlPlane, "API server ready", w, api.ready); err != nil {
		return err
	}
	err = waitForMachine(ctx, s, controlPlane, "default service account", w, func(ctx context.Context) error {
		return kubectlOK(ctx, s, b, "--namespace=default", "get", "serviceaccount", "default")
	})
	if err != nil {
		return err
	}
	if err := applyAddons(ctx, s, b); err != nil {
		return err
	}
	for i := 1; i <= workers; i++ {
		if err := waitForNode(ctx, s, b, nodeName(i), w); err != nil {
			return err
		}
	}
	return waitForAddons(ctx, s, b, w)
}

func waitForNode(ctx context.Context, s stateDir, b binaries, node string, w io.Writer) error {
	return waitForMachine(ctx, s, node, "node "+node+" ready", w, func(ctx context.Context) error {
		if _, err := os.Stat(s.machine(node).ready()); err != nil {
			return fmt.Errorf("%s is booting", node)
		}
		return kubectlOK(ctx, s, b, "wait", "--for=condition=Ready", "--timeout=2s", "node/"+node)
	})
}

// waitForMachine waits for something that a machine does, and gives up at once when the machine has died.
func waitForMachine(ctx context.Context, s stateDir, machine, what string, w io.Writer,
	check func(context.Context) error) error {
	return waitFor(ctx, w, what, 2*time.Minute, func(ctx context.Context) error {
		if runningPID(s.machine(machine)) == 0 {
			return &finalError{fmt.Errorf("machine %s has stopped: %s", machine, bootFailure(s.machine(machine)))}
		}
		return check(ctx)
	})
}
