package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// The switch and the machines are named network namespaces that nothing connects to this machine's real interfaces. One
// veth leads into this machine's own namespace, so that kubectl, ascp and a browser here reach the API and the nodes.
// Nothing outside can use it: the switch drops every packet on that port that does not come from this machine's own
// address (a packet that this machine would forward has another), forwarding is off on the interface, and the
// namespaces have no route to anything outside.

const hostPort = "v-host" // the switch's end of the veth to this machine

// switchFilter is the rule that keeps forwarded packets out.
const switchFilter = `table bridge faspex {
	chain prerouting {
		type filter hook prerouting priority -300; policy accept;
		iifname "` + hostPort + `" ether type ip ip saddr != ` + hostIP + ` counter drop
		iifname "` + hostPort + `" ether type ip6 counter drop
	}
}
`

// networkIsUp says whether all namespaces and the link to this machine exist.
func networkIsUp() bool {
	for _, m := range append(machineNames(), ethSwitch) {
		if _, err := os.Stat(filepath.Join("/run/netns", namespace(m))); err != nil {
			return false
		}
	}
	_, err := netlink.LinkByName(hostLink)
	return err == nil
}

// createNetwork makes the switch, plugs every machine and this one into it and sets the
// routes to the pods of each node.
func createNetwork() error {
	if err := shareNamespaceFolder(); err != nil {
		return fmt.Errorf("share %s: %w", namespaceFolder, err)
	}
	if err := createSwitch(); err != nil {
		return fmt.Errorf("make the switch: %w", err)
	}
	if err := plugMachine(controlPlane, controlPlaneIP); err != nil {
		return err
	}
	for i := 1; i <= workers; i++ {
		if err := plugMachine(nodeName(i), nodeIP(i)); err != nil {
			return err
		}
	}
	for _, m := range append(machineNames(), ethSwitch) {
		if err := inNamespace(m, func() error { return addPodRoutes(m) }); err != nil {
			return fmt.Errorf("routes of %s: %w", m, err)
		}
	}
	if err := plugHost(); err != nil {
		return fmt.Errorf("plug this machine into the switch: %w", err)
	}
	// So that this machine answers pods: tests run servers here.
	if err := addPodRoutes(""); err != nil {
		return fmt.Errorf("routes of this machine: %w", err)
	}
	return nil
}

// namespaceFolder holds the names of network namespaces.
const namespaceFolder = "/run/netns"

// shareNamespaceFolder makes the folder a shared mount, as `ip netns add` does: one that came later would otherwise
// mount the folder over itself, and our namespaces beneath could no longer be deleted.
func shareNamespaceFolder() error {
	if err := os.MkdirAll(namespaceFolder, 0o755); err != nil {
		return err
	}
	err := unix.Mount("", namespaceFolder, "none", unix.MS_SHARED|unix.MS_REC, "")
	if !errors.Is(err, unix.EINVAL) { // not a mount point yet
		return err
	}
	if err := unix.Mount(namespaceFolder, namespaceFolder, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Mount("", namespaceFolder, "none", unix.MS_SHARED|unix.MS_REC, "")
}

// removeNetwork removes whatever of the network exists.
func removeNetwork() error {
	var errs []error
	if l, err := netlink.LinkByName(hostLink); err == nil {
		if err := netlink.LinkDel(l); err != nil {
			errs = append(errs, fmt.Errorf("delete %s: %w", hostLink, err))
		}
	}
	for _, m := range append(machineNames(), ethSwitch) {
		if err := netns.DeleteNamed(namespace(m)); err != nil && !errors.Is(err, os.ErrNotExist) {
			// Without a mount on it, it is only a file that a crash has left.
			if err := os.Remove(filepath.Join("/run/netns", namespace(m))); err != nil && !errors.Is(err, os.ErrNotExist) {
				errs = append(errs, fmt.Errorf("delete network namespace of %s: %w", m, err))
			}
		}
	}
	os.Remove("/run/netns") // fails, rightly, when somebody else uses it
	return errors.Join(errs...)
}

// onThread runs f on an operating system thread of its own that ends with f, so that f may
// change the thread's namespaces.
func onThread(f func() error) error {
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the runtime then discards the thread
		done <- f()
	}()
	return <-done
}

// inNamespace runs f in the network namespace of a machine.
func inNamespace(machine string, f func() error) error {
	return onThread(func() error {
		ns, err := netns.GetFromName(namespace(machine))
		if err != nil {
			return fmt.Errorf("open network namespace of %s: %w", machine, err)
		}
		defer ns.Close()
		if err := netns.Set(ns); err != nil {
			return fmt.Errorf("enter network namespace of %s: %w", machine, err)
		}
		return f()
	})
}

// createNamespace makes the named network namespace of a machine with its loopback up.
func createNamespace(machine string) error {
	return onThread(func() error {
		ns, err := netns.NewNamed(namespace(machine))
		if err != nil {
			return fmt.Errorf("make network namespace of %s: %w", machine, err)
		}
		defer ns.Close()
		return setUp("lo")
	})
}

func createSwitch() error {
	if err := createNamespace(ethSwitch); err != nil {
		return err
	}
	return inNamespace(ethSwitch, func() error {
		if err := netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "br0"}}); err != nil {
			return fmt.Errorf("add bridge: %w", err)
		}
		if err := addAddress("br0", switchIP); err != nil {
			return err
		}
		if err := setUp("br0"); err != nil {
			return err
		}
		if err := setSysctls(map[string]string{"net/ipv4/ip_forward": "1"}); err != nil {
			return err
		}
		everything := &net.IPNet{IP: net.IPv4zero, Mask: net.CIDRMask(0, 32)}
		if err := netlink.RouteAdd(&netlink.Route{Dst: everything, Type: unix.RTN_UNREACHABLE}); err != nil {
			return fmt.Errorf("add the unreachable default route: %w", err)
		}
		cmd := exec.Command("nft", "-f", "-")
		cmd.Stdin = strings.NewReader(switchFilter)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("load the switch's filter: %w: %s", err, out)
		}
		return bridgeNetfilter("0") // the switch only forwards frames
	})
}

// plugMachine makes a machine's namespace and connects its eth0 with the switch.
func plugMachine(name, ip string) error {
	if err := createNamespace(name); err != nil {
		return err
	}
	ns, err := netns.GetFromName(namespace(name))
	if err != nil {
		return fmt.Errorf("open network namespace of %s: %w", name, err)
	}
	defer ns.Close()
	if err := addPort("v-"+name, "eth0", netlink.NsFd(ns)); err != nil {
		return fmt.Errorf("plug %s into the switch: %w", name, err)
	}
	return inNamespace(name, func() error {
		if err := addAddress("eth0", ip); err != nil {
			return err
		}
		if err := setUp("eth0"); err != nil {
			return err
		}
		// Cluster addresses are rewritten after routing: without a default route they fail before that.
		if err := netlink.RouteAdd(&netlink.Route{Gw: net.ParseIP(switchIP)}); err != nil {
			return fmt.Errorf("add default route of %s: %w", name, err)
		}
		if err := setSysctls(map[string]string{"net/ipv4/ip_forward": "1",
			"net/ipv4/conf/all/route_localnet": "1"}); err != nil {
			return err
		}
		return bridgeNetfilter("1") // services must also work between pods on the same bridge
	})
}

// plugHost gives this machine an address on the switch.
func plugHost() error {
	self, err := netns.Get()
	if err != nil {
		return err
	}
	defer self.Close()
	if err := addPort(hostPort, hostLink, netlink.NsFd(self)); err != nil {
		return err
	}
	if err := setSysctls(map[string]string{"net/ipv4/conf/" + hostLink + "/forwarding": "0"}); err != nil {
		return err
	}
	// No IPv6 on this link: nothing in the cluster speaks it. Where the kernel has none at all,
	// there is nothing to switch off.
	if err := setSysctls(map[string]string{"net/ipv6/conf/" + hostLink + "/disable_ipv6": "1"}); err != nil &&
		!errors.Is(err, os.ErrNotExist) {
		return err
	}
	if err := addAddress(hostLink, hostIP); err != nil {
		return err
	}
	return setUp(hostLink)
}

// addPort makes a veth pair: port on the switch's bridge, and peer in another namespace.
func addPort(port, peer string, peerNamespace netlink.NsFd) error {
	return inNamespace(ethSwitch, func() error {
		bridge, err := netlink.LinkByName("br0")
		if err != nil {
			return fmt.Errorf("find bridge: %w", err)
		}
		veth := &netlink.Veth{
			LinkAttrs: netlink.LinkAttrs{Name: port, MasterIndex: bridge.Attrs().Index},
			PeerName:  peer, PeerNamespace: peerNamespace,
		}
		if err := netlink.LinkAdd(veth); err != nil {
			return fmt.Errorf("add veth %s: %w", port, err)
		}
		return setUp(port)
	})
}

// addPodRoutes sends the pod network of every other node to that node.
func addPodRoutes(machine string) error {
	for i := 1; i <= workers; i++ {
		if machine == nodeName(i) {
			continue
		}
		_, dst, err := net.ParseCIDR(nodePodNet(i))
		if err != nil {
			return err
		}
		if err := netlink.RouteAdd(&netlink.Route{Dst: dst, Gw: net.ParseIP(nodeIP(i))}); err != nil {
			return fmt.Errorf("add route to the pods of %s: %w", nodeName(i), err)
		}
	}
	return nil
}

func setUp(link string) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return fmt.Errorf("find %s: %w", link, err)
	}
	if err := netlink.LinkSetUp(l); err != nil {
		return fmt.Errorf("set %s up: %w", link, err)
	}
	return nil
}

func addAddress(link, ip string) error {
	l, err := netlink.LinkByName(link)
	if err != nil {
		return fmt.Errorf("find %s: %w", link, err)
	}
	addr, err := netlink.ParseAddr(prefixed(ip))
	if err != nil {
		return err
	}
	if err := netlink.AddrAdd(l, addr); err != nil {
		return fmt.Errorf("add %s to %s: %w", ip, link, err)
	}
	return nil
}

// setSysctls writes kernel parameters of the current network namespace.
func setSysctls(values map[string]string) error {
	for name, value := range values {
		if err := os.WriteFile("/proc/sys/"+name, []byte(value), 0o644); err != nil {
			return fmt.Errorf("set kernel parameter %s: %w", name, err)
		}
	}
	return nil
}

// bridgeNetfilter says whether the packet filter sees what bridges of the current namespace forward. A kernel
// without the switch never shows it.
func bridgeNetfilter(value string) error {
	err := setSysctls(map[string]string{"net/bridge/bridge-nf-call-iptables": value})
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}
