package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"faspex.io/operator/hack/cluster/cache"
)

// down removes every trace of the cluster but what was built. It is fine when nothing, or only a part, exists.
func down(s stateDir, w io.Writer) error {
	if os.Geteuid() != 0 {
		return errors.New("the cluster needs root")
	}
	release, err := cache.Lock("cluster")
	if err != nil {
		return err
	}
	defer release()
	if !anythingExists(s) {
		fmt.Fprintln(w, "cluster is down")
		return nil
	}
	if err := remove(s); err != nil {
		return err
	}
	fmt.Fprintln(w, "cluster is down; nothing is left of it")
	return nil
}

func anythingExists(s stateDir) bool {
	if _, err := os.Stat(string(s)); err == nil {
		return true
	}
	left, err := filepath.Glob(filepath.Join("/run/netns", namePrefix+"*"))
	return err == nil && len(left) > 0
}

// remove powers all machines off and removes the network, their disks and the keys.
func remove(s stateDir) error {
	r, recordErr := readRecord(s)
	for _, m := range machineNames() {
		if err := powerOff(s, m); err != nil {
			return err
		}
	}
	if err := removeNetwork(); err != nil {
		return err
	}
	if r != nil {
		r.removeMountPoints()
		if r.SharedFolder {
			if err := os.RemoveAll(sharedFolder); err != nil {
				return fmt.Errorf("remove %s: %w", sharedFolder, err)
			}
		}
	}
	if err := os.RemoveAll(string(s)); err != nil {
		return errors.Join(recordErr, fmt.Errorf("remove the machines' disks: %w", err))
	}
	return nil
}

// removeLeftovers removes a cluster that can't be repaired by starting its machines: the kernel has been restarted
// since, its network is incomplete, or its record is.
func removeLeftovers(s stateDir, w io.Writer) error {
	if !anythingExists(s) {
		return nil
	}
	r, err := readRecord(s)
	why := ""
	switch {
	case err != nil:
		why = err.Error()
	case r == nil:
		why = "it has no record"
	case r.BootID != bootID():
		why = "this machine has been restarted since"
	case !networkIsUp():
		why = "its network is incomplete"
	default:
		if _, err := os.Stat(s.kubeconfig(nodeName(workers))); err != nil {
			why = "its keys are incomplete"
		}
	}
	if why == "" {
		return nil
	}
	fmt.Fprintf(w, "removing what is left of an earlier cluster: %s\n", why)
	return remove(s)
}
