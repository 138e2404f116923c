package transfernode_test

import (
	"bytes"
	"crypto/rand"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/ssh"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/utils/ptr"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
	hstsconfig "faspex.io/operator/dataplane/config"
)

func quantity(s string) resource.Quantity { return resource.MustParse(s) }

func TestNamesDoNotCollideWithAnInstanceOfTheSameName(t *testing.T) {
	instance := map[string]bool{}
	for _, suffix := range []string{"db", "db-user", "core", "service", "utility", "ui", "router", "admin",
		"operator-client", "tls"} {
		instance["demo-"+suffix] = true
	}
	names := desired.NamesOf("demo")
	for _, name := range []string{
		names.ConfigMap, names.DaemonSet, names.Service,
		names.TokenKeys, names.SSHHostKey, names.TLS, names.NodeUser, names.Database,
	} {
		if instance[name] {
			t.Errorf("%s is also the name of an object of a FaspexInstance", name)
		}
	}
}

func TestConfigHash(t *testing.T) {
	type data = map[string][]byte
	env := data{"HSTS_DB_HOST": []byte("db"), "HSTS_DB_PASSWORD": []byte("secret")}
	keys := data{"ssh_host_ed25519_key": []byte("private"), "ssh_host_ed25519_key.pub": []byte("public")}
	base := desired.ConfigHash("a", env, keys)
	for name, same := range map[string]string{
		"order": desired.ConfigHash("a", data{"HSTS_DB_PASSWORD": []byte("secret"), "HSTS_DB_HOST": []byte("db")},
			keys),
		"private key": desired.ConfigHash("a", env, data{"ssh_host_ed25519_key.pub": []byte("public")}),
	} {
		if same != base {
			t.Errorf("%s changes the hash", name)
		}
	}
	for name, other := range map[string]string{
		"config":   desired.ConfigHash("b", env, keys),
		"value":    desired.ConfigHash("a", data{"HSTS_DB_HOST": []byte("db"), "HSTS_DB_PASSWORD": []byte("other")}, keys),
		"missing":  desired.ConfigHash("a", data{"HSTS_DB_HOST": []byte("db")}, keys),
		"boundary": desired.ConfigHash("a", data{"HSTS_DB_HOSTd": []byte("b"), "HSTS_DB_PASSWORD": []byte("secret")}, keys),
		"host key": desired.ConfigHash("a", env, data{"ssh_host_ed25519_key.pub": []byte("other")}),
	} {
		if other == base {
			t.Errorf("%s does not change the hash", name)
		}
	}
}

// What all transfers share changes without a restart; everything else that hsts.yaml says is read at the start.
func TestTotalsTakeNoPartInTheStart(t *testing.T) {
	start := func(rates v1alpha1.TransferRates) (string, string) {
		node := minimal()
		node.Spec.Rates = &rates
		all, err := desired.Config(node)
		if err != nil {
			t.Fatal(err)
		}
		atStart, err := desired.StartConfig(node)
		if err != nil {
			t.Fatal(err)
		}
		return all, atStart
	}
	before, restart := start(v1alpha1.TransferRates{})
	if before != restart {
		t.Errorf("without totals: %s, want %s", restart, before)
	}
	total := int64(1000)
	if after, same := start(v1alpha1.TransferRates{TotalSendKbps: &total, TotalReceiveKbps: &total}); after == before ||
		same != restart {
		t.Errorf("with totals: %s, of which at the start: %s", after, same)
	}
	if _, other := start(v1alpha1.TransferRates{MaxKbps: &total}); other == restart {
		t.Error("another maximum is not read")
	}
}

func TestConfigSaysWhatIsDoneWithLinks(t *testing.T) {
	node := minimal()
	for name, c := range map[string]struct {
		links *v1alpha1.SymbolicLinks
		want  hstsconfig.SymbolicLinks
	}{
		"nothing": {nil, hstsconfig.SymbolicLinks{}},
		"empty":   {&v1alpha1.SymbolicLinks{}, hstsconfig.SymbolicLinks{}},
		"followed": {&v1alpha1.SymbolicLinks{Follow: []string{"/default/archive"}},
			hstsconfig.SymbolicLinks{Follow: []string{"/default/archive"}}},
		"outside": {&v1alpha1.SymbolicLinks{PermitOutside: ptr.To(true)}, hstsconfig.SymbolicLinks{PermitOutside: true}},
	} {
		node.Spec.SymbolicLinks = c.links
		text, err := desired.Config(node)
		if err != nil {
			t.Fatal(err)
		}
		got, err := hstsconfig.Parse([]byte(text))
		if diff := cmp.Diff(c.want, got.SymbolicLinks); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
		}
	}
}

// What WebSocket clients are told must be in the certificate; other clients ask for no certificate.
func TestCertificateCoversTheTransferAddress(t *testing.T) {
	node := minimal()
	plain := desired.DNSNames(node)
	for _, c := range []struct {
		address string
		wss     int32
		names   int
		ips     int
	}{{"", 9093, 0, 0}, {"transfer.example.com", 0, 0, 0}, {"transfer.example.com", 9093, 1, 0}, {"192.0.2.1", 9093, 0, 1},
		{"2001:db8::1", 9093, 0, 1}} {
		node.Spec.TransferAddress = c.address
		node.Spec.Ports = &v1alpha1.TransferNodePorts{WSS: c.wss}
		if names, ips := desired.DNSNames(node), desired.IPs(node); len(names) != len(plain)+c.names || len(ips) != c.ips {
			t.Errorf("%+v: names %v, addresses %v", c, names, ips)
		}
	}
}

func TestPortsAreCompleted(t *testing.T) {
	node := minimal()
	node.Spec.Ports = &v1alpha1.TransferNodePorts{NodeAPI: 9443}
	want := v1alpha1.TransferNodePorts{SSH: 33001, UDP: 33001, NodeAPI: 9443, Metrics: 9095}
	if got := desired.Ports(node); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSSHHostKeysReadBack(t *testing.T) {
	data, err := desired.SSHHostKeys(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{"ssh_host_ed25519_key": ssh.KeyAlgoED25519,
		"ssh_host_rsa_key": ssh.KeyAlgoRSA} {
		signer, err := ssh.ParsePrivateKey(data[name])
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		public, _, _, _, err := ssh.ParseAuthorizedKey(data[name+".pub"])
		if err != nil {
			t.Fatalf("%s.pub: %v", name, err)
		}
		if public.Type() != kind || !bytes.Equal(public.Marshal(), signer.PublicKey().Marshal()) {
			t.Errorf("%s.pub is a %s and not the public half of %s", name, public.Type(), name)
		}
	}
	if !desired.ValidSSHHostKeys(data) {
		t.Error("not valid as made")
	}
	for name, change := range map[string]func(map[string][]byte){
		"no rsa key":      func(d map[string][]byte) { delete(d, "ssh_host_rsa_key") },
		"no public half":  func(d map[string][]byte) { delete(d, "ssh_host_rsa_key.pub") },
		"another's half":  func(d map[string][]byte) { d["ssh_host_rsa_key.pub"] = d["ssh_host_ed25519_key.pub"] },
		"unreadable":      func(d map[string][]byte) { d["ssh_host_ed25519_key"] = []byte("no key") },
		"nothing at all":  func(d map[string][]byte) { clear(d) },
		"halves switched": func(d map[string][]byte) { d["ssh_host_rsa_key"] = d["ssh_host_ed25519_key"] },
	} {
		changed := maps.Clone(data)
		change(changed)
		if desired.ValidSSHHostKeys(changed) {
			t.Errorf("%s: valid", name)
		}
	}
}

func TestNodeUser(t *testing.T) {
	data, err := desired.NodeUser("node-demo", bytes.NewReader(make([]byte, 64)))
	if err != nil {
		t.Fatal(err)
	}
	if string(data["username"]) != "node-demo" || len(data["password"]) != 48 || !desired.ValidNodeUser(data) {
		t.Errorf("username %q and a password of %d characters", data["username"], len(data["password"]))
	}
	if desired.ValidNodeUser(map[string][]byte{"username": []byte("u")}) {
		t.Error("valid without a password")
	}
}

// TestPrepareRunsTheOperatorsImage: what runs as root is the operator's program, whatever image the specs name, and
// everything else runs as another user and sees nothing of the machine but its storage.
func TestPrepareRunsTheOperatorsImage(t *testing.T) {
	node := full()
	node.Spec.Storage = append(node.Spec.Storage,
		v1alpha1.StorageMount{Name: "deep", HostPath: &v1alpha1.HostPathStorage{Path: "/data/a,b/c=d"}},
		v1alpha1.StorageMount{Name: "top", HostPath: &v1alpha1.HostPathStorage{Path: "/data2"}})
	pod := desired.DaemonSet(node, desired.Workload{Image: "evil.example.com/hsts:1",
		OperatorImage: "example.com/operator:1"}).Spec.Template.Spec
	if len(pod.InitContainers) != 1 || len(pod.Containers) != 1 {
		t.Fatalf("%d init containers, %d containers", len(pod.InitContainers), len(pod.Containers))
	}
	prepare, serve := pod.InitContainers[0], pod.Containers[0]
	if *prepare.Image != "example.com/operator:1" || len(prepare.Command) != 0 || *prepare.SecurityContext.RunAsUser != 0 {
		t.Errorf("prepare runs %s %v as %d", *prepare.Image, prepare.Command, *prepare.SecurityContext.RunAsUser)
	}
	want := []string{
		"prepare", "--owner=files/demo", "--uid=65532", "--gid=65532",
		"--host-path=fast=/mnt/nvme", "--claim=shared", "--host-path=deep=/data/a,b/c=d", "--host-path=top=/data2",
	}
	if diff := cmp.Diff(want, prepare.Args); diff != "" {
		t.Errorf("arguments: -want +got:\n%s", diff)
	}
	if *serve.Image != "evil.example.com/hsts:1" || *serve.SecurityContext.RunAsUser != 65532 ||
		!*serve.SecurityContext.RunAsNonRoot {
		t.Errorf("hsts runs %s as %d", *serve.Image, *serve.SecurityContext.RunAsUser)
	}
	paths := map[string]string{}
	for _, volume := range pod.Volumes {
		if volume.HostPath != nil {
			paths[*volume.Name] = *volume.HostPath.Path
		}
	}
	seen := func(c corev1ac.ContainerApplyConfiguration) map[string]string {
		mounts := map[string]string{}
		for _, mount := range c.VolumeMounts {
			if folder, ok := paths[*mount.Name]; ok {
				mounts[*mount.MountPath] = folder
				if strings.HasPrefix(*mount.Name, "machine-") && (mount.ReadOnly == nil || !*mount.ReadOnly) {
					t.Errorf("%s may be written", *mount.Name)
				}
			}
		}
		return mounts
	}
	storage := map[string]string{"/storage/fast": "/mnt/nvme", "/storage/deep": "/data/a,b/c=d", "/storage/top": "/data2"}
	if diff := cmp.Diff(storage, seen(serve)); diff != "" {
		t.Errorf("hsts sees of the machine: -want +got:\n%s", diff)
	}
	storage["/machine/mnt"], storage["/machine/data"] = "/mnt", "/data"
	if diff := cmp.Diff(storage, seen(prepare)); diff != "" {
		t.Errorf("prepare sees of the machine: -want +got:\n%s", diff)
	}
}

// TestHistoryEnds: hsts is told how long to remember, also when the spec does not say; every text reads back as it was.
func TestHistoryEnds(t *testing.T) {
	duration := func(d time.Duration) *metav1.Duration { return &metav1.Duration{Duration: d} }
	for _, test := range []struct {
		name             string
		history          *v1alpha1.TransferHistory
		text             string
		transfers, files time.Duration
	}{
		{"absent", nil, "history:\n  files: 720h\n  transfers: 2160h\n", 2160 * time.Hour, 720 * time.Hour},
		{"empty", &v1alpha1.TransferHistory{}, "history:\n  files: 720h\n  transfers: 2160h\n", 2160 * time.Hour,
			720 * time.Hour},
		{
			"given", &v1alpha1.TransferHistory{Retention: duration(10 * time.Hour), FilesRetention: duration(100 * time.Minute)},
			"history:\n  files: 1h40m\n  transfers: 10h\n", 10 * time.Hour, 100 * time.Minute,
		},
		{
			"with seconds", &v1alpha1.TransferHistory{FilesRetention: duration(time.Hour + 10*time.Second)},
			"history:\n  files: 1h0m10s\n  transfers: 2160h\n", 2160 * time.Hour, time.Hour + 10*time.Second,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			node := minimal()
			node.Spec.History = test.history
			text, err := desired.Config(node)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(text, test.text) {
				t.Errorf("hsts.yaml lacks %q:\n%s", test.text, text)
			}
			read, err := hstsconfig.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if read.History.Transfers != test.transfers || read.History.Files != test.files {
				t.Errorf("hsts reads %+v", read.History)
			}
		})
	}
}
