package main

import (
	"context"
	"fmt"
	"syscall"
	"time"
)

// Failure of a node is noticed after nodeGracePeriod without a lease, and its pods are replaced evictionSeconds later:
// fast enough for tests that power a node off, slow enough for a machine with two busy CPUs.
const (
	nodeGracePeriod = "12s"
	evictionSeconds = "5"
)

func etcdProgram(b binaries, s stateDir) program {
	const clientURL, peerURL = "http://127.0.0.1:2379", "http://127.0.0.1:2380"
	return program{name: "etcd", path: b.path("etcd", "etcd"), args: []string{
		"--name=cp",
		"--data-dir=" + s.machine(controlPlane).path("etcd"),
		"--unsafe-no-fsync", // the cluster does not outlive the machine
		"--listen-client-urls=" + clientURL, "--advertise-client-urls=" + clientURL,
		"--listen-peer-urls=" + peerURL, "--initial-advertise-peer-urls=" + peerURL, "--initial-cluster=cp=" + peerURL,
		"--log-level=warn",
	}}
}

func apiServerProgram(b binaries, s stateDir) program {
	return program{name: "kube-apiserver", path: b.path("kubernetes", "kube-apiserver"), args: []string{
		"--etcd-servers=http://127.0.0.1:2379",
		"--bind-address=0.0.0.0", "--secure-port=6443", "--advertise-address=" + controlPlaneIP,
		"--service-cluster-ip-range=" + serviceNet,
		"--tls-cert-file=" + s.pki("apiserver.crt"), "--tls-private-key-file=" + s.pki("apiserver.key"),
		"--client-ca-file=" + s.pki("ca.crt"),
		"--kubelet-client-certificate=" + s.pki("apiserver-kubelet-client.crt"),
		"--kubelet-client-key=" + s.pki("apiserver-kubelet-client.key"),
		"--kubelet-preferred-address-types=InternalIP",
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--service-account-key-file=" + s.pki("sa.crt"), "--service-account-signing-key-file=" + s.pki("sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--requestheader-client-ca-file=" + s.pki("front-proxy-ca.crt"), "--requestheader-allowed-names=front-proxy-client",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-", "--requestheader-group-headers=X-Remote-Group",
		"--requestheader-username-headers=X-Remote-User",
		"--proxy-client-cert-file=" + s.pki("front-proxy-client.crt"), "--proxy-client-key-file=" +
			s.pki("front-proxy-client.key"),
		// webhooks are called at the pod's address: no kube-proxy runs beside the API server
		"--enable-aggregator-routing=true",
		"--profiling=false",
		"--default-not-ready-toleration-seconds=" + evictionSeconds, "--default-unreachable-toleration-seconds=" +
			evictionSeconds,
	}}
}

func controllerManagerProgram(b binaries, s stateDir) program {
	kc := s.kubeconfig("controller-manager")
	return program{name: "kube-controller-manager", path: b.path("kubernetes", "kube-controller-manager"), args: []string{
		"--bind-address=127.0.0.1", "--leader-elect=false", "--profiling=false",
		"--kubeconfig=" + kc, "--authentication-kubeconfig=" + kc, "--authorization-kubeconfig=" + kc,
		"--root-ca-file=" + s.pki("ca.crt"), "--service-account-private-key-file=" + s.pki("sa.key"),
		"--use-service-account-credentials=true",
		"--cluster-signing-cert-file=" + s.pki("ca.crt"), "--cluster-signing-key-file=" + s.pki("ca.key"),
		"--requestheader-client-ca-file=" + s.pki("front-proxy-ca.crt"),
		"--cluster-cidr=" + podNet, "--service-cluster-ip-range=" + serviceNet,
		"--node-monitor-period=1s", "--node-monitor-grace-period=" + nodeGracePeriod,
	}}
}

func schedulerProgram(b binaries, s stateDir) program {
	kc := s.kubeconfig("scheduler")
	return program{name: "kube-scheduler", path: b.path("kubernetes", "kube-scheduler"), args: []string{
		"--bind-address=127.0.0.1", "--leader-elect=false", "--profiling=false",
		"--kubeconfig=" + kc, "--authentication-kubeconfig=" + kc, "--authorization-kubeconfig=" + kc,
	}}
}

// runControlPlane is the life of the control plane's machine, as its first process.
func runControlPlane(ctx context.Context, s stateDir, b binaries) error {
	if err := syscall.Sethostname([]byte(namespace(controlPlane))); err != nil {
		return fmt.Errorf("set host name: %w", err)
	}
	sup := newSupervisor(s.machine(controlPlane))
	for _, p := range []program{etcdProgram(b, s), apiServerProgram(b, s)} {
		if err := sup.keep(p); err != nil {
			return err
		}
	}
	api, err := newAPIProbe(s, "https://127.0.0.1:6443")
	if err != nil {
		return err
	}
	// The others end themselves when they start before the API answers.
	for ctx.Err() == nil && api.ready(ctx) != nil {
		time.Sleep(200 * time.Millisecond)
	}
	for _, p := range []program{controllerManagerProgram(b, s), schedulerProgram(b, s)} {
		if err := sup.keep(p); err != nil {
			return err
		}
	}
	return nil
}
