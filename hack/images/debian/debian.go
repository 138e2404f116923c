// Package debian makes local stand-ins for public images of MariaDB and nginx from Debian's packages, where
// those images can't be pulled. They answer to the same names, ports, users, environment variables and
// commands, as far as the operator's manifests use them, so that the manifests run unchanged on either. It does
// not know the cluster that runs them.
package debian

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"faspex.io/operator/hack/cluster/cache"
	"faspex.io/operator/hack/images/archive"
)

//go:embed files
var files embed.FS

// StandIn describes an image made of Debian packages.
type StandIn struct {
	Name     string
	Image    archive.Image // without files and root file system
	Packages []string
	Account  string            // lines of /etc/passwd and /etc/group that the public image has: "name:uid:gid:home"
	Scripts  map[string]string // path in the image -> file of this package, mode 0755
	Configs  map[string]string // path in the image -> file of this package, mode 0644
	Finish   string            // shell commands run with $1 = the root file system
}

// suite is the Debian release: the stand-ins must not change with the machine's own.
const suite = "bookworm"

// trimmed are paths of packages that no server reads.
var trimmed = []string{
	"/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*", "/usr/share/lintian/*",
	"/usr/share/bug/*",
	"/usr/share/mysql/*/errmsg.sys.bak", "/usr/share/icons/*", "/usr/share/bash-completion/*",
}

// cleanup removes what package management leaves behind.
const cleanup = `rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/* "$1"/var/log/* "$1"/usr/share/zoneinfo/right "$1"/etc/machine-id`

// Tarball returns the file of the image, and makes it unless the cache has it. It lives outside the tree: the packages
// take a minute to download and unpack.
func (s StandIn) Tarball(ctx context.Context, w io.Writer) (string, archive.Size, error) {
	key, err := s.key()
	if err != nil {
		return "", archive.Size{}, err
	}
	dir, err := cache.Dir("image-"+s.Name, key)
	if err != nil {
		return "", archive.Size{}, err
	}
	release, err := cache.Lock("image-" + s.Name)
	if err != nil {
		return "", archive.Size{}, err
	}
	defer release()
	file, note := filepath.Join(dir, s.Name+".tar"), filepath.Join(dir, "size.json")
	var size archive.Size
	if data, err := os.ReadFile(note); err == nil && json.Unmarshal(data, &size) == nil {
		return file, size, nil
	}
	fmt.Fprintf(w, "making the stand-in for %s from Debian's packages\n", s.Image.Refs[0])
	start := time.Now()
	if err := forgetOlder(dir); err != nil {
		return "", size, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", size, err
	}
	if size, err = s.make(ctx, file); err != nil {
		return "", size, fmt.Errorf("make the image of %s: %w", s.Name, err)
	}
	data, err := json.Marshal(size)
	if err != nil {
		return "", size, err
	}
	fmt.Fprintf(w, "made it in %s\n", time.Since(start).Round(time.Second))
	return file, size, os.WriteFile(note, data, 0o644)
}

// forgetOlder removes what older definitions of the same image have left in the cache.
func forgetOlder(dir string) error {
	older, err := filepath.Glob(dir[:len(dir)-keyLength] + strings.Repeat("[0-9a-f]", keyLength))
	if err != nil {
		return err
	}
	for _, o := range older {
		if err := os.RemoveAll(o); err != nil {
			return err
		}
	}
	return nil
}

// keyLength is the number of characters of a key.
const keyLength = 16

// key changes with everything that decides what the image is, except for the packages' security updates: they come with
// the next change, or when the cache is emptied.
func (s StandIn) key() (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode([]any{s, suite, trimmed, cleanup, runtime.GOARCH}); err != nil {
		return "", err
	}
	for _, set := range []map[string]string{s.Scripts, s.Configs} {
		for _, name := range slices.Sorted(maps.Values(set)) {
			data, err := files.ReadFile("files/" + name)
			if err != nil {
				return "", err
			}
			h.Write(data)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:keyLength], nil
}

func (s StandIn) make(ctx context.Context, file string) (archive.Size, error) {
	var size archive.Size
	tmp, err := os.MkdirTemp("", "faspex-image-")
	if err != nil {
		return size, err
	}
	defer os.RemoveAll(tmp)
	img := s.Image
	img.RootFS = filepath.Join(tmp, "rootfs.tar")
	if err := s.bootstrap(ctx, img.RootFS); err != nil {
		return size, err
	}
	for _, set := range []struct {
		files map[string]string
		mode  int64
	}{{s.Scripts, 0o755}, {s.Configs, 0o644}} {
		for target, name := range set.files {
			data, err := files.ReadFile("files/" + name)
			if err != nil {
				return size, err
			}
			local := filepath.Join(tmp, name)
			if err := os.WriteFile(local, data, 0o600); err != nil {
				return size, err
			}
			img.Files = append(img.Files, archive.File{Path: target, Source: local, Mode: set.mode})
		}
	}
	img.Architecture = runtime.GOARCH
	return img.Write(file)
}

// bootstrap writes the root file system.
func (s StandIn) bootstrap(ctx context.Context, out string) error {
	args := []string{"--quiet", "--mode=root", "--variant=minbase", "--include=" + strings.Join(s.Packages, ",")}
	for _, p := range trimmed {
		args = append(args, "--dpkgopt=path-exclude="+p)
	}
	if s.Account != "" {
		args = append(args, "--essential-hook="+accountHook(s.Account))
	}
	args = append(args, "--customize-hook="+s.Finish, "--customize-hook="+cleanup, suite, out)
	args = append(args, debianSources()...)
	cmd := exec.CommandContext(ctx, "mmdebstrap", args...)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH=0", "DEBIAN_FRONTEND=noninteractive")
	output, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return errors.New("mmdebstrap is missing: install Debian's mmdebstrap, or run hack/debian-packages.sh")
	}
	if err != nil {
		return fmt.Errorf("mmdebstrap: %w\n%s", err, output)
	}
	return nil
}

// accountHook gives the server the numbers that it has in the public image; Debian would choose others.
func accountHook(account string) string {
	f := strings.Split(account, ":")
	return fmt.Sprintf(`echo '%[1]s:x:%[3]s:' >> "$1/etc/group"; echo '%[1]s:x:%[2]s:%[3]s::%[4]s:/usr/sbin/nologin' >> "$1/etc/passwd"`, f[0], f[1], f[2], f[3])
}

// debianSources are this machine's own lists of Debian's archive, so that a mirror that it uses is used here too.
// Without one, mmdebstrap takes its own default.
func debianSources() []string {
	for _, f := range []string{"/etc/apt/sources.list.d/debian.sources", "/etc/apt/sources.list"} {
		data, err := os.ReadFile(f)
		if err == nil && strings.Contains(string(data), suite) {
			return []string{f}
		}
	}
	return nil
}
