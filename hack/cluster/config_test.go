package main

import (
	"encoding/json"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

var testBinaries = binaries{
	"etcd": "/c/etcd", "kubernetes": "/c/kubernetes", "containerd": "/c/containerd", "runc": "/c/runc", "cni": "/c/cni",
	"addons": "/c/addons",
}

func TestNodeFiles(t *testing.T) {
	files, err := newNodeConfig(2, stateDir("/state"), testBinaries).files()
	if err != nil {
		t.Fatal(err)
	}
	var kubelet struct {
		ClusterDNS     []string `json:"clusterDNS"`
		ResolvConf     string   `json:"resolvConf"`
		Authentication struct {
			Anonymous struct{ Enabled bool } `json:"anonymous"`
			X509      struct {
				ClientCAFile string `json:"clientCAFile"`
			} `json:"x509"`
		} `json:"authentication"`
	}
	if err := yaml.UnmarshalStrict(files["kubelet.yaml"], &map[string]any{}); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(files["kubelet.yaml"], &kubelet); err != nil {
		t.Fatal(err)
	}
	if len(kubelet.ClusterDNS) != 1 || kubelet.ClusterDNS[0] != dnsServiceIP ||
		kubelet.ResolvConf != "/state/n2/resolv.conf" ||
		kubelet.Authentication.Anonymous.Enabled || kubelet.Authentication.X509.ClientCAFile != "/state/pki/ca.crt" {
		t.Errorf("kubelet.yaml: %+v", kubelet)
	}
	var proxy struct {
		HostnameOverride string `json:"hostnameOverride"`
		ClusterCIDR      string `json:"clusterCIDR"`
	}
	if err := yaml.Unmarshal(files["kube-proxy.yaml"], &proxy); err != nil {
		t.Fatal(err)
	}
	if proxy.HostnameOverride != "n2" || proxy.ClusterCIDR != podNet {
		t.Errorf("kube-proxy.yaml: %+v", proxy)
	}
	if !json.Valid(files["cni/10-faspex.conflist"]) ||
		!strings.Contains(string(files["cni/10-faspex.conflist"]), `"10.244.2.0/24"`) {
		t.Errorf("conflist:\n%s", files["cni/10-faspex.conflist"])
	}
	for _, want := range []string{`bin_dirs = ["/c/cni"]`, `BinaryName = "/c/runc/runc"`, `conf_dir = "/state/n2/cni"`,
		`sandbox = "` + pauseImage + `"`} {
		if !strings.Contains(string(files["containerd.toml"]), want) {
			t.Errorf("containerd.toml has no %s", want)
		}
	}
}

func TestControlPlaneTalksToItselfOnly(t *testing.T) {
	s := stateDir("/state")
	for _, p := range []program{etcdProgram(testBinaries, s), controllerManagerProgram(testBinaries, s),
		schedulerProgram(testBinaries, s)} {
		for _, a := range p.args {
			if strings.Contains(a, "0.0.0.0") || strings.Contains(a, controlPlaneIP) {
				t.Errorf("%s is reachable from other machines: %s", p.name, a)
			}
		}
	}
}

func TestManifestsUseLocalImages(t *testing.T) {
	for _, a := range addons {
		data, err := manifests.ReadFile(a.manifest)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			_, image, ok := strings.Cut(line, "image: ")
			if !ok {
				continue
			}
			image = strings.TrimSpace(strings.Split(image, ",")[0])
			known := false
			for _, i := range systemImages(testBinaries) {
				known = known || i.Refs[0] == image
			}
			if !known {
				t.Errorf("%s wants %s, which nobody makes", a.manifest, image)
			}
		}
	}
}

func TestComponentsArePinned(t *testing.T) {
	root, err := sourceRoot()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range components(root) {
		if v, err := c.Version(); err != nil || !strings.HasPrefix(v, "v") {
			t.Errorf("%s: version %q, %v", c.Name, v, err)
		}
	}
}

func TestKubernetesLDFlags(t *testing.T) {
	flags := kubernetesLDFlags("v1.36.3")
	for _, want := range []string{"-X k8s.io/component-base/version.gitVersion=v1.36.3",
		"-X k8s.io/client-go/pkg/version.gitMinor=36"} {
		if !strings.Contains(flags, want) {
			t.Errorf("%s is not in %s", want, flags)
		}
	}
}
