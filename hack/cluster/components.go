package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"faspex.io/operator/hack/cluster/gobuild"
)

// components are what the cluster is made of. Each folder of hack/cluster/modules pins one of them.
func components(root string) []gobuild.Component {
	dir := func(name string) string { return filepath.Join(root, "hack", "cluster", "modules", name) }
	return []gobuild.Component{
		{
			Name: "etcd", Module: "go.etcd.io/etcd/server/v3", Dir: dir("etcd"),
			Programs: map[string]string{"etcd": "go.etcd.io/etcd/server/v3"},
		},
		{
			Name: "kubernetes", Module: "k8s.io/kubernetes", Dir: dir("kubernetes"),
			Programs: map[string]string{
				"kube-apiserver":          "k8s.io/kubernetes/cmd/kube-apiserver",
				"kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
				"kube-scheduler":          "k8s.io/kubernetes/cmd/kube-scheduler",
				"kubelet":                 "k8s.io/kubernetes/cmd/kubelet",
				"kube-proxy":              "k8s.io/kubernetes/cmd/kube-proxy",
				"kubectl":                 "k8s.io/kubernetes/cmd/kubectl",
			},
			Tags: "selinux,notest,grpcnotrace", LDFlags: kubernetesLDFlags,
		},
		{
			Name: "containerd", Module: "github.com/containerd/containerd/v2", Dir: dir("containerd"),
			Programs: map[string]string{
				"containerd":              "github.com/containerd/containerd/v2/cmd/containerd",
				"containerd-shim-runc-v2": "github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2",
				"ctr":                     "github.com/containerd/containerd/v2/cmd/ctr",
			},
			LDFlags: func(v string) string { return "-X github.com/containerd/containerd/v2/version.Version=" + v },
		},
		{
			Name: "runc", Module: "github.com/opencontainers/runc", Dir: dir("runc"),
			Programs: map[string]string{"runc": "github.com/opencontainers/runc"},
			Tags:     "seccomp,netgo,osusergo", CGO: true, // nsenter is written in C
			LDFlags: func(v string) string { return "-X main.version=" + strings.TrimPrefix(v, "v") },
		},
		{
			Name: "cni", Module: "github.com/containernetworking/plugins", Dir: dir("cni"),
			Programs: map[string]string{
				"bridge":     "github.com/containernetworking/plugins/plugins/main/bridge",
				"loopback":   "github.com/containernetworking/plugins/plugins/main/loopback",
				"host-local": "github.com/containernetworking/plugins/plugins/ipam/host-local",
				"portmap":    "github.com/containernetworking/plugins/plugins/meta/portmap",
			},
		},
		{
			// One module, so that both share one build of the Kubernetes libraries.
			Name: "addons", Module: "github.com/coredns/coredns", Dir: dir("addons"),
			Programs: map[string]string{
				"coredns":                "./coredns",
				"pause":                  "./pause",
				"local-path-provisioner": "github.com/rancher/local-path-provisioner",
			},
		},
	}
}

// kubernetesLDFlags sets what `kubectl version` and the API's /version say. The commit and the date are fixed: the
// same pins give the same bytes.
func kubernetesLDFlags(version string) string {
	minor := strings.Split(strings.TrimPrefix(version, "v"), ".")[1]
	var flags []string
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		for _, kv := range []string{
			"gitVersion=" + version, "gitMajor=1", "gitMinor=" + minor, "gitTreeState=clean",
			"gitCommit=" + strings.Repeat("0", 40), "buildDate=2026-01-01T00:00:00Z",
		} {
			flags = append(flags, "-X "+pkg+"."+kv)
		}
	}
	return strings.Join(flags, " ")
}

// binaries are the folders of the built components by name.
type binaries map[string]string

// path returns the file of a program.
func (b binaries) path(component, program string) string {
	return filepath.Join(b[component], program)
}

// searchPath is a PATH with every component before the system's own folders: containerd looks
// for its shim, kube-proxy for nft.
func (b binaries) searchPath() string {
	dirs := []string{b["containerd"], b["runc"], b["kubernetes"]}
	return strings.Join(append(dirs, "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"), ":")
}

// buildComponents builds what the cache lacks.
func buildComponents(ctx context.Context, w io.Writer) (binaries, error) {
	root, err := sourceRoot()
	if err != nil {
		return nil, err
	}
	b := binaries{}
	for _, c := range components(root) {
		if b[c.Name], err = c.Ensure(ctx, w); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// sourceRoot finds the project's own tree, upwards from the working directory; the pins of what to build are there.
func sourceRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for d := dir; ; d = filepath.Dir(d) {
		if _, err := os.Stat(filepath.Join(d, "hack", "cluster", "modules")); err == nil {
			return d, nil
		}
		if d == filepath.Dir(d) {
			return "", fmt.Errorf("%s is not inside the project's tree", dir)
		}
	}
}

// ensureAssets makes the folder that envtest wants in KUBEBUILDER_ASSETS: links to etcd, kube-apiserver and kubectl.
func ensureAssets(b binaries) (string, error) {
	dir := filepath.Join(b["kubernetes"], "envtest")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	for program, component := range map[string]string{"etcd": "etcd", "kube-apiserver": "kubernetes",
		"kube-controller-manager": "kubernetes", "kubectl": "kubernetes"} {
		link, target := filepath.Join(dir, program), b.path(component, program)
		if got, err := os.Readlink(link); err == nil && got == target {
			continue
		}
		os.Remove(link)
		if err := os.Symlink(target, link); err != nil {
			return "", fmt.Errorf("link %s for envtest: %w", program, err)
		}
	}
	return dir, nil
}
