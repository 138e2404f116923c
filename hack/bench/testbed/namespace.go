package testbed

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// prefix begins the names of all that measurements make; the id of the process that made it follows.
const prefix = "faspex-bench-"

const namespaceFolder = "/run/netns"

// settings are for 1 Gbit/s at 600 ms, and let each connection begin anew.
var settings = map[string]string{
	"net/ipv4/tcp_rmem":                  "4096 131072 134217728",
	"net/ipv4/tcp_wmem":                  "4096 65536 134217728",
	"net/ipv4/tcp_no_metrics_save":       "1",
	"net/ipv4/tcp_slow_start_after_idle": "0",
	"net/ipv4/ping_group_range":          "0 2147483647",
}

// made counts the namespaces of this process.
var made atomic.Int64

// Place is a network namespace; the zero value is the one this process runs in.
type Place struct{ name string }

// newPlace makes a namespace with its loopback device up.
func newPlace() (Place, error) {
	if err := shareNamespaceFolder(); err != nil {
		return Place{}, err
	}
	p := Place{fmt.Sprintf("%s%d-%d", prefix, os.Getpid(), made.Add(1))}
	err := onThread(func() error {
		self, err := netns.Get()
		if err != nil {
			return err
		}
		defer self.Close()
		ns, err := netns.NewNamed(p.name)
		if err != nil {
			return err
		}
		defer ns.Close()
		return netns.Set(self)
	})
	if err == nil {
		err = p.within(func() error {
			for name, value := range settings {
				if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0); err != nil {
					return err
				}
			}
			lo, err := netlink.LinkByName("lo")
			if err != nil {
				return err
			}
			return netlink.LinkSetUp(lo)
		})
	}
	if err != nil {
		return Place{}, errors.Join(fmt.Errorf("make namespace %s: %w", p.name, err), p.remove())
	}
	return p, nil
}

// within runs fn in a thread that is in the namespace.
func (p Place) within(fn func() error) error {
	if p.name == "" {
		return fn()
	}
	return onThread(func() error {
		self, err := netns.Get()
		if err != nil {
			return err
		}
		defer self.Close()
		ns, err := netns.GetFromName(p.name)
		if err != nil {
			return err
		}
		defer ns.Close()
		if err := netns.Set(ns); err != nil {
			return err
		}
		return errors.Join(fn(), netns.Set(self))
	})
}

// address gives a device an address and brings it up.
func (p Place) address(device, cidr string) error {
	return p.within(func() error {
		link, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		addr, err := netlink.ParseAddr(cidr)
		if err != nil {
			return err
		}
		return errors.Join(netlink.AddrAdd(link, addr), netlink.LinkSetUp(link))
	})
}

// dropped is how many packets a device could not send.
func (p Place) dropped(device string) (n uint64, err error) {
	err = p.within(func() error {
		link, err := netlink.LinkByName(device)
		if err != nil {
			return err
		}
		n = link.Attrs().Statistics.TxDropped
		return nil
	})
	return n, err
}

func (p Place) remove() error {
	if p.name == "" {
		return nil
	}
	if err := netns.DeleteNamed(p.name); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove namespace %s: %w", p.name, err)
	}
	return nil
}

func onThread(fn func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return fn()
}

// shareNamespaceFolder does what `ip netns add` does first: see hack/cluster/network.go.
func shareNamespaceFolder() error {
	if err := os.MkdirAll(namespaceFolder, 0o755); err != nil {
		return err
	}
	err := unix.Mount("", namespaceFolder, "none", unix.MS_SHARED|unix.MS_REC, "")
	if errors.Is(err, unix.EINVAL) { // not a mount point yet
		if err = unix.Mount(namespaceFolder, namespaceFolder, "none", unix.MS_BIND|unix.MS_REC, ""); err == nil {
			err = unix.Mount("", namespaceFolder, "none", unix.MS_SHARED|unix.MS_REC, "")
		}
	}
	if err != nil {
		return fmt.Errorf("share %s: %w", namespaceFolder, err)
	}
	return nil
}

// Sweep removes what measurements left that did not end by themselves: the processes in their namespaces,
// the namespaces and the folders.
func Sweep() error {
	var errs []error
	namespaces, _ := filepath.Glob(filepath.Join(namespaceFolder, prefix+"*"))
	for _, file := range namespaces {
		if running(file) {
			continue
		}
		killAllIn(file)
		errs = append(errs, Place{filepath.Base(file)}.remove())
	}
	folders, _ := filepath.Glob(filepath.Join(Memory, prefix+"*"))
	for _, folder := range folders {
		if !running(folder) {
			errs = append(errs, os.RemoveAll(folder))
		}
	}
	return errors.Join(errs...)
}

// running says whether the process still runs that made what has this name.
func running(name string) bool {
	id, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(name), prefix), "-")
	pid, err := strconv.Atoi(id)
	return err == nil && (pid == os.Getpid() || unix.Kill(pid, 0) == nil)
}

// killAllIn kills the processes in a namespace of ours.
func killAllIn(file string) {
	var ns unix.Stat_t
	if unix.Stat(file, &ns) != nil {
		return
	}
	links, _ := filepath.Glob("/proc/[0-9]*/ns/net")
	for _, link := range links {
		var of unix.Stat_t
		if unix.Stat(link, &of) != nil || of.Ino != ns.Ino || of.Dev != ns.Dev {
			continue
		}
		if pid, err := strconv.Atoi(strings.Split(link, "/")[2]); err == nil {
			_ = unix.Kill(pid, unix.SIGKILL) // It may just have ended.
		}
	}
}
