package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sort"
	"strings"
	"sync"

	"faspex.io/operator/hack/cluster/cache"
	"faspex.io/operator/hack/images/archive"
)

// Images that the cluster itself needs. They are made from the built programs; nothing is ever pulled.
const (
	pauseImage   = "localhost/faspex/pause:1"
	corednsImage = "localhost/faspex/coredns:1"
	volumesImage = "localhost/faspex/local-path-provisioner:1"
	busyboxImage = "localhost/faspex/busybox:1" // helper of the volume provisioner, and handy in tests
	busybox      = "/bin/busybox"               // statically linked, of Debian's busybox-static
)

var busyboxLinks = []string{"sh", "mkdir", "rm", "cat", "ls", "sleep", "echo", "nc", "wget", "nslookup", "chmod",
	"chown", "sha256sum", "ip", "ps", "dd", "stat"}

func systemImages(b binaries) map[string]archive.Image {
	single := func(ref, program string) archive.Image {
		return archive.Image{
			Refs: []string{ref}, Architecture: runtime.GOARCH, Entrypoint: []string{"/" + program},
			Files: []archive.File{{Path: "/" + program, Source: b.path("addons", program), Mode: 0o755}},
		}
	}
	box := archive.Image{
		Refs: []string{busyboxImage}, Architecture: runtime.GOARCH, Cmd: []string{"sh"}, Env: []string{"PATH=/bin"},
		Files: []archive.File{
			{Path: "/bin/busybox", Source: busybox, Mode: 0o755},
			{Path: "/tmp", Dir: true, Mode: 0o1777},
		},
	}
	for _, l := range busyboxLinks {
		box.Files = append(box.Files, archive.File{Path: "/bin/" + l, Link: "busybox", Mode: 0o777})
	}
	// The provisioner's own main package starts it as a plain command, found through PATH by some of its manifests.
	volumes := single(volumesImage, "local-path-provisioner")
	volumes.Env = []string{"PATH=/"}
	return map[string]archive.Image{
		"pause": single(pauseImage, "pause"), "coredns": single(corednsImage, "coredns"), "local-path-provisioner": volumes,
		"busybox": box,
	}
}

// systemImageDir keeps the tarballs beside the programs they are made from.
func systemImageDir(b binaries) string { return filepath.Join(b["addons"], "images") }

// ensureSystemImages writes the tarballs that do not exist.
func ensureSystemImages(b binaries) error {
	release, err := cache.Lock("system-images")
	if err != nil {
		return err
	}
	defer release()
	dir := systemImageDir(b)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, img := range systemImages(b) {
		file := filepath.Join(dir, name+".tar")
		if _, err := os.Stat(file); err == nil {
			continue
		}
		if _, err := img.Write(file); err != nil {
			return err
		}
	}
	return nil
}

func systemImageFiles(b binaries) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(systemImageDir(b), "*.tar"))
	sort.Strings(files)
	return files, err
}

// importArgs are the arguments of ctr that load one tarball.
func importArgs(file string) []string {
	return []string{"--namespace=k8s.io", "images", "import", "--local", file}
}

// importSystemImages loads the cluster's own images while a node boots.
func importSystemImages(ctx context.Context, sup *supervisor, dir machineDir, b binaries) error {
	files, err := systemImageFiles(b)
	if err != nil {
		return err
	}
	for _, f := range files {
		mark, err := importMark(dir, f)
		if err != nil {
			return err
		}
		if _, err := os.Stat(mark); err == nil {
			continue // on the node's disk since an earlier boot
		}
		p := program{name: "import", path: b.path("containerd", "ctr"), args: importArgs(f)}
		if err := sup.run(ctx, p); err != nil {
			return fmt.Errorf("load %s: %w", filepath.Base(f), err)
		}
		if err := writeMark(mark); err != nil {
			return err
		}
	}
	return nil
}

// importMark is a file that says that the node has loaded exactly this tarball. It is called by the tarball's content.
func importMark(dir machineDir, file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash %s: %w", file, err)
	}
	return dir.path("loaded", strings.TrimSuffix(filepath.Base(file), ".tar")+"-"+hex.EncodeToString(h.Sum(nil))), nil
}

// writeMark records a load and forgets what older tarballs of the same name had: their tag has moved.
func writeMark(mark string) error {
	if err := os.MkdirAll(filepath.Dir(mark), 0o755); err != nil {
		return err
	}
	base := filepath.Base(mark)
	older, err := filepath.Glob(filepath.Join(filepath.Dir(mark), base[:len(base)-64]+strings.Repeat("[0-9a-f]", 64)))
	if err != nil {
		return err
	}
	for _, o := range older {
		if err := os.Remove(o); err != nil {
			return err
		}
	}
	return os.WriteFile(mark, nil, 0o644)
}

// loadImages loads tarballs into every node that is powered on, all nodes at the same time.
func loadImages(ctx context.Context, s stateDir, b binaries, files []string, w io.Writer) error {
	errs := make([]error, workers)
	var out sync.Mutex
	say := func(format string, args ...any) {
		out.Lock()
		defer out.Unlock()
		fmt.Fprintf(w, format+"\n", args...)
	}
	var wg sync.WaitGroup
	for i := 1; i <= workers; i++ {
		wg.Go(func() { errs[i-1] = loadOnNode(ctx, s, b, nodeName(i), files, say) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func loadOnNode(ctx context.Context, s stateDir, b binaries, node string, files []string,
	say func(string, ...any)) error {
	dir := s.machine(node)
	if runningPID(dir) == 0 {
		return fmt.Errorf("%s is powered off: start it with node-up and load the images again", node)
	}
	for _, f := range files {
		abs, err := filepath.Abs(f)
		if err != nil {
			return err
		}
		mark, err := importMark(dir, abs)
		if err != nil {
			return err
		}
		if _, err := os.Stat(mark); err == nil {
			say("%s: %s is loaded already", node, filepath.Base(f))
			continue
		}
		cmd, err := inMachine(ctx, s, b, node, append([]string{b.path("containerd", "ctr")}, importArgs(abs)...)...)
		if err != nil {
			return err
		}
		if output, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("load %s into %s: %w: %s", f, node, err, lastLine(output))
		}
		if err := writeMark(mark); err != nil {
			return err
		}
		say("%s: loaded %s", node, filepath.Base(f))
	}
	return nil
}

func lastLine(output []byte) string {
	lines := strings.Split(strings.TrimSpace(string(output)), "\n")
	return lines[len(lines)-1]
}
