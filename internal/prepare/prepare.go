// Package prepare hands the storage folders of a transfer node to the user that hsts runs as. It runs as root on
// machines, before hsts does, so it takes only folders that are empty or that carry a mark of root's, follows no link,
// and changes nothing but the folder itself and its mark. It reads no configuration of hsts.
package prepare

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Options say for whom folders are prepared.
type Options struct {
	// Owner names the TransferNode, as namespace/name. It is written into the mark, and other owners are refused the
	// folder.
	Owner string
	// UID and GID are what hsts runs as.
	UID, GID int
}

// HostFolder is a folder of the machine, as the container sees it.
type HostFolder struct {
	// Mount is where it is mounted.
	Mount string
	// Path is its path on the machine.
	Path string
	// View is where the first element of Path is mounted; empty when Path has no other element. Only root can make a link
	// in the root of a machine, so that the first element may be one.
	View string
}

// Host takes a folder of the machine. It must be the one that Path names without links, and empty or marked. The id
// that it returns is the same on every machine that sees the same folder.
func (o Options) Host(f HostFolder) (id string, err error) {
	dir, err := openFolder(f.Mount)
	if err != nil {
		return "", fmt.Errorf("storage folder %s: %w", f.Path, err)
	}
	defer dir.Close()
	if f.View != "" {
		if err := sameWithoutLinks(dir, f.View, f.Path); err != nil {
			return "", fmt.Errorf("storage folder %s: %w", f.Path, err)
		}
	}
	if id, err = o.take(dir); err != nil {
		return "", fmt.Errorf("storage folder %s: %w", f.Path, err)
	}
	return id, nil
}

// Claim takes the folder of a volume that is mounted at mount. Nothing is done to one that hsts can use as it is: it
// may lie on a server that grants root nothing.
func (o Options) Claim(mount string) error {
	dir, err := openFolder(mount)
	if err != nil {
		return fmt.Errorf("storage volume %s: %w", mount, err)
	}
	defer dir.Close()
	usable, err := o.usable(dir)
	if err != nil || usable {
		return err
	}
	if _, err := o.take(dir); err != nil {
		return fmt.Errorf("storage volume %s: %w", mount, err)
	}
	return nil
}

func openFolder(name string) (*os.File, error) {
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("open: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// errLink is why a folder is refused that a link leads to.
var errLink = errors.New("a symbolic link leads to it: name the folder itself")

// sameWithoutLinks walks from view along the elements of path after the first, and compares what it finds with dir by
// device and inode. The machine's runtime followed links when it mounted dir.
func sameWithoutLinks(dir *os.File, view, path string) error {
	fd, err := unix.Open(view, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("open the folder above: %w", err)
	}
	defer func() { unix.Close(fd) }()
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	for element := range strings.SplitSeq(rest, "/") {
		next, err := unix.Openat(fd, element, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ELOOP) {
			return errLink
		}
		if err != nil {
			return fmt.Errorf("open element %q: %w", element, err)
		}
		unix.Close(fd)
		fd = next
	}
	var found, mounted unix.Stat_t
	if err := errors.Join(unix.Fstat(fd, &found), unix.Fstat(int(dir.Fd()), &mounted)); err != nil {
		return fmt.Errorf("compare with the mounted folder: %w", err)
	}
	if found.Dev != mounted.Dev || found.Ino != mounted.Ino {
		return errLink
	}
	return nil
}

// usable tells whether hsts may list, make and remove files in dir without being given it.
func (o Options) usable(dir *os.File) (bool, error) {
	var st unix.Stat_t
	if err := unix.Fstat(int(dir.Fd()), &st); err != nil {
		return false, fmt.Errorf("look at %s: %w", dir.Name(), err)
	}
	return int(st.Uid) == o.UID && st.Mode&0o700 == 0o700 || int(st.Gid) == o.GID && st.Mode&0o070 == 0o070, nil
}

// take marks dir, unless it is marked, and then gives it to the user. A crash in between leaves a folder that the next
// run takes. The id is that of the mark.
func (o Options) take(dir *os.File) (id string, err error) {
	if id, err = o.mark(dir); err != nil {
		return "", err
	}
	var st unix.Stat_t
	fd := int(dir.Fd())
	if err := unix.Fstat(fd, &st); err != nil {
		return "", fmt.Errorf("look at it: %w", err)
	}
	if int(st.Uid) != o.UID || int(st.Gid) != o.GID {
		if err := unix.Fchown(fd, o.UID, o.GID); err != nil {
			return "", fmt.Errorf("change the owner: %w", err)
		}
	}
	if mode := st.Mode & 0o7777; mode|0o700 != mode {
		if err := unix.Fchmod(fd, mode|0o700); err != nil {
			return "", fmt.Errorf("change the rights: %w", err)
		}
	}
	return id, nil
}
