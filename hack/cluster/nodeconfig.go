package main

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

//go:embed templates
var templates embed.FS

// nodeConfig are the values of the configuration files of one node.
type nodeConfig struct {
	Name, IP, PodNet string
	ClusterPodNet    string
	Dir              string // of the node
	CA, DNS          string
	CNIPlugins, Runc string
	PauseImage       string
	Kubeconfig       string
	ProxyKubeconfig  string
}

func newNodeConfig(i int, s stateDir, b binaries) nodeConfig {
	name := nodeName(i)
	return nodeConfig{
		Name: name, IP: nodeIP(i), PodNet: nodePodNet(i), ClusterPodNet: podNet,
		Dir: string(s.machine(name)),
		CA:  s.pki("ca.crt"), DNS: dnsServiceIP,
		CNIPlugins: b["cni"], Runc: b.path("runc", "runc"), PauseImage: pauseImage,
		Kubeconfig: s.kubeconfig(name), ProxyKubeconfig: s.kubeconfig("kube-proxy"),
	}
}

// files renders the node's configuration: path below the node's folder -> content.
func (c nodeConfig) files() (map[string][]byte, error) {
	files := map[string][]byte{
		// Names outside the cluster do not exist here; the switch refuses the question at once.
		"resolv.conf": []byte("nameserver " + switchIP + "\n"),
	}
	for path, name := range map[string]string{
		"containerd.toml":        "containerd.toml",
		"kubelet.yaml":           "kubelet.yaml",
		"kube-proxy.yaml":        "kube-proxy.yaml",
		"cni/10-faspex.conflist": "cni.conflist",
	} {
		t, err := template.New(name).Option("missingkey=error").ParseFS(templates, "templates/"+name)
		if err != nil {
			return nil, fmt.Errorf("parse template %s: %w", name, err)
		}
		var buf bytes.Buffer
		if err := t.Execute(&buf, c); err != nil {
			return nil, fmt.Errorf("render %s: %w", name, err)
		}
		files[path] = buf.Bytes()
	}
	return files, nil
}

func (c nodeConfig) write() error {
	files, err := c.files()
	if err != nil {
		return err
	}
	for path, data := range files {
		p := filepath.Join(c.Dir, path)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(p, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// transferNodeLabel has the TransferNode of config/samples run on every machine: they share their folders beneath /srv.
const transferNodeLabel = "faspex.io/transfer-node=demo"

// programs are what a node runs, in the order of their start.
func (c nodeConfig) programs(b binaries) (containerd, kubelet, kubeProxy program) {
	env := []string{"PATH=" + b.searchPath()}
	containerd = program{name: "containerd", path: b.path("containerd", "containerd"), env: env,
		args: []string{"--config=" + filepath.Join(c.Dir, "containerd.toml")}}
	kubelet = program{name: "kubelet", path: b.path("kubernetes", "kubelet"), env: env, args: []string{
		"--config=" + filepath.Join(c.Dir, "kubelet.yaml"), "--kubeconfig=" + c.Kubeconfig,
		"--node-ip=" + c.IP, "--hostname-override=" + c.Name, "--root-dir=/var/lib/kubelet", "--v=1",
		"--node-labels=" + transferNodeLabel,
	}}
	kubeProxy = program{name: "kube-proxy", path: b.path("kubernetes", "kube-proxy"), env: env,
		args: []string{"--config=" + filepath.Join(c.Dir, "kube-proxy.yaml")}}
	return containerd, kubelet, kubeProxy
}
