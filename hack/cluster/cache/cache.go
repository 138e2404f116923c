// Package cache says where things that are built once per machine live: outside the tree, keyed by version, shared by
// every clone. It does not know what is built, nor how.
package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Root returns the project's folder in the user's cache, $XDG_CACHE_HOME/faspex-operator or ~/.cache/faspex-operator.
func Root() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("find the user's cache folder: %w", err)
	}
	return filepath.Join(base, "faspex-operator"), nil
}

// Dir returns the folder of one version of one component, without making it.
func Dir(component, version string) (string, error) {
	root, err := Root()
	if err != nil {
		return "", err
	}
	return filepath.Join(root, component+"-"+version), nil
}

// Lock takes the exclusive lock called name and waits for it; release gives it back. The lock dies with the process.
func Lock(name string) (release func(), err error) {
	root, err := Root()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "locks")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the lock folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open lock %s: %w", name, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, fmt.Errorf("take lock %s: %w", name, err)
	}
	return func() { f.Close() }, nil
}
