package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// requiredPrograms are programs of Debian that the cluster runs, and the packages they come in.
var requiredPrograms = map[string]string{
	"nft": "nftables", "iptables": "iptables", "conntrack": "conntrack", "nsenter": "util-linux", "mount": "mount",
	"ip":       "iproute2",
	"modprobe": "kmod", busybox: "busybox-static",
}

// preflight says everything that this machine lacks, before anything is built or made.
func preflight() error {
	if os.Geteuid() != 0 {
		return errors.New("the cluster needs root: it makes network namespaces, mounts and control groups")
	}
	return errors.Join(checkPrograms(exec.LookPath), checkKernel(), checkCgroups())
}

// checkPrograms names the packages of all programs that are missing.
func checkPrograms(look func(string) (string, error)) error {
	var errs []error
	for program, pkg := range requiredPrograms {
		if _, err := look(program); err != nil {
			errs = append(errs, fmt.Errorf("%s is missing: install Debian's %s, or run hack/debian-packages.sh", program, pkg))
		}
	}
	return errors.Join(errs...)
}

// checkKernel tries what the cluster needs from the kernel, in namespaces that vanish at once.
func checkKernel() error {
	var errs []error
	for name, flag := range map[string]int{
		"mount": unix.CLONE_NEWNS, "host name": unix.CLONE_NEWUTS, "IPC": unix.CLONE_NEWIPC,
		"control group": unix.CLONE_NEWCGROUP,
	} {
		// CLONE_FS, which threads share, must be undone before a mount namespace can be.
		if err := onThread(func() error { return errors.Join(unix.Unshare(unix.CLONE_FS), unix.Unshare(flag)) }); err != nil {
			errs = append(errs, fmt.Errorf("the kernel refuses a new %s namespace: %w", name, err))
		}
	}
	err := onThread(func() error {
		ns, err := netns.New()
		if err != nil {
			return fmt.Errorf("the kernel refuses a new network namespace: %w", err)
		}
		defer ns.Close()
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "try0"}}); err != nil {
			return fmt.Errorf("the kernel refuses a bridge (module bridge): %w", err)
		}
		if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "try1"}, PeerName: "try2"}); err != nil {
			return fmt.Errorf("the kernel refuses a veth pair (module veth): %w", err)
		}
		cmd := exec.Command("nft", "-c", "-f", "-")
		cmd.Stdin = strings.NewReader(switchFilter)
		if out, err := cmd.CombinedOutput(); err != nil && !errors.Is(err, exec.ErrNotFound) {
			return fmt.Errorf("the kernel refuses a packet filter on a bridge (module nf_tables_bridge): %w: %s", err,
				lastLine(out))
		}
		return nil
	})
	if err != nil {
		errs = append(errs, err)
	}
	filesystems, err := os.ReadFile("/proc/filesystems")
	if err == nil && !strings.Contains(string(filesystems), "\toverlay\n") {
		if err := exec.Command("modprobe", "overlay").Run(); err != nil {
			errs = append(errs, errors.New("the kernel has no overlay file system (module overlay)"))
		}
	}
	return errors.Join(errs...)
}

// checkCgroups says which controllers that a node needs are not there.
func checkCgroups() error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	have := map[string]bool{}
	for _, h := range all {
		names := strings.Split(h.controllers, ",")
		if h.controllers == "" {
			data, err := os.ReadFile(cgroupRoot + "/cgroup.controllers")
			if err != nil {
				return fmt.Errorf("read the controllers of %s: %w", cgroupRoot, err)
			}
			names = strings.Fields(string(data))
		}
		for _, n := range names {
			have[n] = true
		}
	}
	for _, n := range []string{"cpu", "cpuset", "memory", "pids"} {
		if !have[n] {
			return fmt.Errorf("the control group controller %q is not usable below %s", n, cgroupRoot)
		}
	}
	return nil
}

// checkAddresses refuses to start when this machine uses the cluster's network for something else.
func checkAddresses() error {
	routes, err := netlink.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	for _, r := range routes {
		if r.Dst != nil && r.Dst.String() == machineNet {
			return fmt.Errorf("this machine has a route to %s already (interface %d): the cluster needs that network",
				machineNet, r.LinkIndex)
		}
	}
	return nil
}
