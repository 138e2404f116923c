package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// privateFolders are the folders of which every node has its own instead of the machine's.
var privateFolders = []string{
	"/var/lib/kubelet", "/var/lib/containerd", "/var/lib/cni", "/var/log", "/opt/local-path-provisioner",
}

// kubeletSysctls are kernel parameters of the whole machine that the kubelet insists on setting. Each node gets files
// of its own mounted over them, so that the machine's stay as they are.
var kubeletSysctls = map[string]string{
	"vm/overcommit_memory": "1", "vm/panic_on_oom": "0", "kernel/panic": "10", "kernel/panic_on_oops": "1",
	"kernel/keys/root_maxkeys": "1000000", "kernel/keys/root_maxbytes": "25000000",
}

// runNode is the life of a node's machine, as its first process.
func runNode(ctx context.Context, i int, s stateDir, b binaries) error {
	c := newNodeConfig(i, s, b)
	if err := syscall.Sethostname([]byte(c.Name)); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	dir := s.machine(c.Name)
	if err := mountNode(dir); err != nil {
		return fmt.Errorf("mount the node's own file systems: %w", err)
	}
	if err := c.write(); err != nil {
		return fmt.Errorf("write the node's configuration: %w", err)
	}
	sup := newSupervisor(dir)
	containerd, kubelet, kubeProxy := c.programs(b)
	if err := sup.keep(containerd); err != nil {
		return err
	}
	if err := waitForSocket(ctx, "/run/containerd/containerd.sock", 30*time.Second); err != nil {
		return err
	}
	if err := importSystemImages(ctx, sup, dir, b); err != nil {
		return err
	}
	for _, p := range []program{kubelet, kubeProxy} {
		if err := sup.keep(p); err != nil {
			return err
		}
	}
	return nil
}

// mountNode gives the node what a machine has of its own: /sys with its interfaces, its
// control groups, /run and its disks.
func mountNode(dir machineDir) error {
	if err := mountFresh("sysfs", "/sys", ""); err != nil {
		return err
	}
	if err := mountCgroups(dir); err != nil {
		return err
	}
	if err := mountFresh("tmpfs", "/run", "mode=755"); err != nil {
		return err
	}
	for _, d := range []string{"/run/lock", "/run/netns"} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
	}
	for _, d := range privateFolders {
		own := dir.path("disk", d)
		if err := os.MkdirAll(own, 0o755); err != nil {
			return err
		}
		if err := bindMount(own, d); err != nil {
			return err
		}
	}
	for name, value := range kubeletSysctls {
		target := filepath.Join("/proc/sys", name)
		if _, err := os.Stat(target); errors.Is(err, os.ErrNotExist) {
			continue
		}
		own := dir.path("sysctl", strings.ReplaceAll(name, "/", "."))
		if err := os.MkdirAll(filepath.Dir(own), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(own, []byte(value+"\n"), 0o644); err != nil {
			return err
		}
		if err := bindMount(own, target); err != nil {
			return err
		}
	}
	return nil
}

func mountFresh(fstype, target, options string) error {
	if err := unix.Mount(fstype, target, fstype, 0, options); err != nil {
		return fmt.Errorf("mount %s on %s: %w", fstype, target, err)
	}
	return nil
}

func bindMount(source, target string) error {
	if err := unix.Mount(source, target, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mount %s on %s: %w", source, target, err)
	}
	return nil
}

// waitForSocket waits until somebody accepts connections.
func waitForSocket(ctx context.Context, path string, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		conn, err := (&net.Dialer{}).DialContext(ctx, "unix", path)
		if err == nil {
			return conn.Close()
		}
		if ctx.Err() != nil {
			return fmt.Errorf("nobody listens on %s after %s", path, limit)
		}
		time.Sleep(50 * time.Millisecond)
	}
}
