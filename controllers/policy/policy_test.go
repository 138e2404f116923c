package policy

import (
	"errors"
	"os"
	"strings"
	"testing"

	"faspex.io/operator/api/v1alpha1"
)

func must(t *testing.T, hostPaths, images []string) Policy {
	t.Helper()
	p, err := New(hostPaths, images)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNewRefusesWhatPermitsNothing(t *testing.T) {
	for _, test := range []struct {
		name              string
		hostPaths, images []string
		want              string
	}{
		{"relative path", []string{"/srv", "data"}, nil, `--allowed-host-paths: "data"`},
		{"empty path", []string{""}, nil, "--allowed-host-paths"},
		{"two slashes", []string{"//srv"}, nil, "--allowed-host-paths"},
		{"no registry", nil, []string{"ghcr.io/a", "faspex-io"}, `--allowed-images: "faspex-io"`},
		{"empty image", nil, []string{""}, "--allowed-images"},
	} {
		if _, err := New(test.hostPaths, test.images); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

func TestHostPaths(t *testing.T) {
	some := must(t, []string{"/data", "/mnt/disks/", "/var/lib/kubelet"}, nil)
	for _, test := range []struct {
		name   string
		policy Policy
		path   string
		want   error
	}{
		{"nothing is listed", Policy{}, "/srv/files", nil},
		{"everything is listed", must(t, []string{"/"}, nil), "/srv/files", nil},
		{"itself", some, "/data", nil},
		{"beneath", some, "/data/a/b", nil},
		{"beneath one with a slash at the end", some, "/mnt/disks/a", nil},
		{"a name that begins the same", some, "/database", ErrNotAllowed},
		{"above", some, "/mnt", ErrNotAllowed},
		{"elsewhere", some, "/srv/files", ErrNotAllowed},
		{"climbs", some, "/data/../etc", ErrSystemFolder},
		{"climbs within", some, "/data/a/../b", ErrSystemFolder},
		{"two slashes", some, "/data//a", ErrSystemFolder},
		{"a slash at the end", some, "/data/", ErrSystemFolder},
		{"control character", some, "/data/a\n", ErrSystemFolder},
		{"relative", some, "data", ErrSystemFolder},
		{"empty", some, "", ErrSystemFolder},
		{"root", must(t, []string{"/"}, nil), "/", ErrSystemFolder},
		{"a folder of the system", must(t, []string{"/"}, nil), "/etc/cron.d", ErrSystemFolder},
		{"a folder of the system that is listed", some, "/var/lib/kubelet/pods", ErrSystemFolder},
		{"holds folders of the system", Policy{}, "/var/lib", ErrSystemFolder},
	} {
		t.Run(test.name, func(t *testing.T) {
			node := &v1alpha1.TransferNode{Spec: v1alpha1.TransferNodeSpec{Storage: []v1alpha1.StorageMount{
				{Name: "claim", PersistentVolumeClaim: &v1alpha1.ClaimStorage{ClaimName: "c"}},
				{Name: "folder", HostPath: &v1alpha1.HostPathStorage{Path: test.path}},
			}}}
			err := test.policy.TransferNode(node, nil)
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if err != nil && (!strings.HasPrefix(err.Error(), "spec.storage[1].hostPath.path: ") ||
				!strings.Contains(err.Error(), ": use a folder")) {
				t.Errorf("%q names no field or no way out", err)
			}
		})
	}
}

func TestImages(t *testing.T) {
	some := must(t, nil, []string{"ghcr.io/faspex-io", "registry.example.com:5000", "docker.io/library", "quay.io/a/b:1.2",
		"quay.io/a/c@sha256:0"})
	for _, test := range []struct {
		image string
		want  error
	}{
		{"ghcr.io/faspex-io/hsts:1", nil},
		{"ghcr.io/faspex-io/hsts", nil},
		{"ghcr.io/faspex-io/deep/hsts@sha256:00", nil},
		{"ghcr.io/faspex-io/hsts:1@sha256:00", nil},
		{"ghcr.io/faspex-io-evil/hsts:1", ErrNotAllowed},
		{"ghcr.io/faspex-io/../evil/hsts:1", ErrNotAllowed},
		{"ghcr.io/faspex-io//hsts:1", ErrNotAllowed},
		{"ghcr.io/faspex-io/hsts/", ErrNotAllowed},
		{"ghcr.io.example.com/faspex-io/hsts", ErrNotAllowed},
		{"ghcr.io:5000/faspex-io/hsts", ErrNotAllowed},
		{"ghcr.io/other", ErrNotAllowed},
		{"evil.example.com/ghcr.io/faspex-io/hsts", ErrNotAllowed},
		{"evil/ghcr.io/faspex-io/hsts", ErrNotAllowed},
		{"registry.example.com:5000/a/b:1", nil},
		{"registry.example.com/a/b:1", ErrNotAllowed},
		{"registry.example.com:50001/a/b:1", ErrNotAllowed},
		{"nginx:1", nil},
		{"library/nginx", nil},
		{"evil/nginx", ErrNotAllowed},
		{"docker.io/evil/nginx", ErrNotAllowed},
		{"quay.io/a/b:1.2", nil},
		{"quay.io/a/b:1.20", ErrNotAllowed},
		{"quay.io/a/b", ErrNotAllowed},
		{"quay.io/a/c@sha256:0", nil},
		{"quay.io/a/c@sha256:1", ErrNotAllowed},
		{"@sha256:00", ErrNotAllowed},
		{" ghcr.io/faspex-io/hsts", ErrNotAllowed},
	} {
		t.Run(test.image, func(t *testing.T) {
			node := &v1alpha1.TransferNode{Spec: v1alpha1.TransferNodeSpec{Image: test.image}}
			if err := some.TransferNode(node, nil); !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			if err := (Policy{}).TransferNode(node, nil); err != nil {
				t.Errorf("without a list: %v", err)
			}
		})
	}
}

// TestEveryImageFieldIsChecked sets one field after the other; the error names it, and the way out.
func TestEveryImageFieldIsChecked(t *testing.T) {
	policy := must(t, nil, []string{"ghcr.io/faspex-io"})
	const evil = "evil.example.com/a:1"
	for field, images := range map[string]v1alpha1.InstanceImages{
		"spec.images.faspex": {Faspex: evil}, "spec.images.ui": {UI: evil}, "spec.images.hsts": {HSTS: evil},
		"spec.images.mariadb": {MariaDB: evil}, "spec.images.router": {Router: evil},
	} {
		instance := &v1alpha1.FaspexInstance{Spec: v1alpha1.FaspexInstanceSpec{Images: &images}}
		err := policy.Instance(instance)
		if !errors.Is(err, ErrNotAllowed) || !strings.HasPrefix(err.Error(), field+": ") ||
			!strings.Contains(err.Error(), "--allowed-images") ||
			strings.Contains(err.Error(), evil) {
			t.Errorf("%s: %v", field, err)
		}
	}
	instance := &v1alpha1.FaspexInstance{Spec: v1alpha1.FaspexInstanceSpec{Images: &v1alpha1.InstanceImages{HSTS: evil}}}
	instance.Name = "demo"
	node := &v1alpha1.TransferNode{}
	if err := policy.TransferNode(node, instance); err == nil ||
		!strings.HasPrefix(err.Error(), "FaspexInstance demo: spec.images.hsts: ") {
		t.Errorf("the image of the instance: %v", err)
	}
	node.Spec.Image = "ghcr.io/faspex-io/hsts:1"
	if err := policy.TransferNode(node, instance); err != nil {
		t.Errorf("an image of its own: %v", err)
	}
	if err := policy.Instance(&v1alpha1.FaspexInstance{}); err != nil {
		t.Errorf("the operator's own choice: %v", err)
	}
}

// TestSystemFoldersAreThoseOfAdmission compares the expression with the one in the definition of the kind.
func TestSystemFoldersAreThoseOfAdmission(t *testing.T) {
	definition, err := os.ReadFile("../../config/crd/bases/faspex.io_transfernodes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	// The definition breaks and quotes long lines.
	text := strings.Join(strings.Fields(strings.ReplaceAll(string(definition), "''", "'")), " ")
	if want := "!self.matches('" + systemFolders + "')"; !strings.Contains(text, want) {
		t.Errorf("the rule of hostPath.path is not %s", want)
	}
}
