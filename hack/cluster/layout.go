package main

import (
	"fmt"
	"net"
	"path/filepath"

	"faspex.io/operator/hack/cluster/cache"
)

// The network of the cluster. Every machine is a network namespace on one Ethernet switch,
// itself a namespace with a bridge.
const (
	workers = 2

	machineNet     = "10.240.0.0/24"
	switchIP       = "10.240.0.1"   // default gateway of the machines; answers "unreachable" for everything outside
	controlPlaneIP = "10.240.0.10"  // node i is 10.240.0.(10+i)
	hostIP         = "10.240.0.254" // this machine itself, plugged into the switch
	serviceNet     = "10.96.0.0/16"
	apiServiceIP   = "10.96.0.1"
	dnsServiceIP   = "10.96.0.10"
	podNet         = "10.244.0.0/16"

	hostLink   = "faspex0" // the interface in this machine's own network namespace
	apiURL     = "https://" + controlPlaneIP + ":6443"
	namePrefix = "faspex-"

	controlPlane = "cp"
	ethSwitch    = "sw"

	// sharedFolder plays the role of a network file system: an ordinary folder of this machine, which both nodes see under
	// the same path because each has a private copy of the machine's mounts. `down` removes it.
	sharedFolder = "/srv/faspex-demo"
)

func nodeName(i int) string     { return fmt.Sprintf("n%d", i) }
func nodeIP(i int) string       { return fmt.Sprintf("10.240.0.%d", 10+i) }
func nodePodNet(i int) string   { return fmt.Sprintf("10.244.%d.0/24", i) }
func namespace(m string) string { return namePrefix + m }

// prefixed adds the length of the machines' network to an address of it.
func prefixed(ip string) string {
	_, n, err := net.ParseCIDR(machineNet)
	if err != nil {
		panic(err)
	}
	ones, _ := n.Mask.Size()
	return fmt.Sprintf("%s/%d", ip, ones)
}

// machineNames are all machines that run processes.
func machineNames() []string {
	names := []string{controlPlane}
	for i := 1; i <= workers; i++ {
		names = append(names, nodeName(i))
	}
	return names
}

// stateDir holds all state of the running cluster: keys, logs, disks of the machines. `down` removes it.
type stateDir string

func newStateDir() (stateDir, error) {
	root, err := cache.Root()
	return stateDir(filepath.Join(root, "cluster")), err
}

func (s stateDir) join(elem ...string) string {
	return filepath.Join(append([]string{string(s)}, elem...)...)
}

func (s stateDir) record() string                 { return s.join("cluster.json") }
func (s stateDir) pki(name string) string         { return s.join("pki", name) }
func (s stateDir) kubeconfig(user string) string  { return s.join("kubeconfig", user) }
func (s stateDir) machine(name string) machineDir { return machineDir(s.join(name)) }

// machineDir is the folder of one machine.
type machineDir string

func (d machineDir) path(elem ...string) string {
	return filepath.Join(append([]string{string(d)}, elem...)...)
}

// the machine's first process, while powered on
func (d machineDir) process() string { return d.path("process.json") }

// written by the machine when it has booted
func (d machineDir) ready() string             { return d.path("ready") }
func (d machineDir) log(program string) string { return d.path("log", program+".log") }
