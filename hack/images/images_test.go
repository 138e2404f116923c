package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// image is what both descriptions of an image, the Dockerfile and the assembled tarball, must agree on.
type image struct {
	User       string
	Entrypoint []string
	Files      map[string]string // path -> "mode uid:gid", folders end with a slash
}

// contract is what docs/architecture.md promises of each image.
func contract() map[string]image {
	const program, data, folder = "0755 0:0", "0644 0:0", "0755 0:0"
	single := func(path string, entrypoint ...string) image {
		return image{User: "65532:65532", Entrypoint: entrypoint, Files: map[string]string{
			path: program, "etc/": folder, "etc/ssl/": folder, "etc/ssl/certs/": folder,
			"etc/ssl/certs/ca-certificates.crt": data,
		}}
	}
	return map[string]image{
		"operator": single("operator", "/operator"),
		"faspex":   single("faspex", "/faspex"),
		"hsts":     single("hsts", "/hsts"),
		"ascp":     single("ascp", "/ascp"),
		"mailbox":  single("mailbox", "/mailbox"),
		"ui": {User: "65532:65532", Entrypoint: []string{"/faspex", "ui", "--root", "/srv/ui"}, Files: map[string]string{
			"faspex": program, "srv/": folder, "srv/ui/": folder, "srv/ui/index.html": data,
			"srv/ui/assets/": folder, "srv/ui/assets/app.js": data,
		}},
	}
}

// TestAssembledImagesAreTheDockerfiles assembles every image of the Dockerfile from small files and compares what is in
// the tarball with the contract. A change of either side alone fails.
func TestAssembledImagesAreTheDockerfiles(t *testing.T) {
	root, err := sourceRoot()
	if err != nil {
		t.Fatal(err)
	}
	all, err := stages(root, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	src := fakeSources(t)
	got := map[string]image{}
	for _, s := range all {
		img, err := assemble(s, src, "1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "image.tar")
		if _, err := img.Write(file); err != nil {
			t.Fatal(err)
		}
		got[s.Name] = readImage(t, file)
	}
	if diff := cmp.Diff(contract(), got); diff != "" {
		t.Errorf("images (-contract +assembled):\n%s", diff)
	}
}

func TestSameFilesGiveTheSameImage(t *testing.T) {
	root, err := sourceRoot()
	if err != nil {
		t.Fatal(err)
	}
	all, err := stages(root, "1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var written [2][]byte
	for n := range written {
		img, err := assemble(all[0], fakeSources(t), "1.2.3")
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "image.tar")
		if _, err := img.Write(file); err != nil {
			t.Fatal(err)
		}
		if written[n], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(written[0], written[1]) {
		t.Error("two images of the same files differ")
	}
}

// TestDockerfileCopiesWhatProgramsImport fails when a program imports a folder of this module that the
// Dockerfile's build stage does not have.
func TestDockerfileCopiesWhatProgramsImport(t *testing.T) {
	root, err := sourceRoot()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"list", "-deps", "-f", "{{with .Module}}{{if .Main}}{{$.ImportPath}}{{end}}{{end}}"}
	for _, p := range programs {
		args = append(args, "./cmd/"+p)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("list what the programs import: %v", err)
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		folder, _, _ := strings.Cut(strings.TrimPrefix(pkg, "faspex.io/operator/"), "/")
		if line := fmt.Sprintf("COPY %s %s\n", folder, folder); !strings.Contains(string(text), line) {
			t.Errorf("%s is imported, but the Dockerfile has no line %q", pkg, line)
		}
	}
}

// fakeSources are small files in the places of the built ones, with modes that must not matter.
func fakeSources(t *testing.T) sources {
	t.Helper()
	dir := t.TempDir()
	s := sources{Programs: filepath.Join(dir, "bin"), Web: filepath.Join(dir, "dist"),
		Certificates: filepath.Join(dir, "ca.crt")}
	write := func(path string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(filepath.Base(path)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range programs {
		write(filepath.Join(s.Programs, p))
	}
	write(filepath.Join(s.Web, "index.html"))
	write(filepath.Join(s.Web, "assets", "app.js"))
	write(filepath.Join(s.Web, webStamp))
	write(s.Certificates)
	return s
}

func readImage(t *testing.T, file string) image {
	t.Helper()
	img, err := tarball.ImageFromPath(file, nil)
	if err != nil {
		t.Fatal(err)
	}
	cf, err := img.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	got := image{User: cf.Config.User, Entrypoint: cf.Config.Entrypoint, Files: map[string]string{}}
	layers, err := img.Layers()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range layers {
		r, err := l.Uncompressed()
		if err != nil {
			t.Fatal(err)
		}
		for tr := tar.NewReader(r); ; {
			h, err := tr.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got.Files[h.Name] = fmt.Sprintf("%04o %d:%d", h.Mode, h.Uid, h.Gid)
		}
		r.Close()
	}
	return got
}
