package prepare

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Mark is the file that says that a folder may be taken. It is a regular file of root's that nobody else can write.
// Each line names an owner; an empty one is given to the first who comes. A line id=... tells the folder from others,
// so that machines can find out whether they see the same one.
const Mark = ".faspex-storage"

// idPrefix begins the line of a mark that tells its folder from others; 16 hexadecimal digits follow.
const idPrefix = "id="

// markLimit bounds what is read of a mark.
const markLimit = 64 << 10

// Errors that refuse a folder.
var (
	// ErrNotEmpty: the folder holds something and no mark.
	ErrNotEmpty = errors.New("it holds files and no " + Mark +
		": to have it used, make an empty file of that name in it, as root on the machine")
	// ErrBadMark: what has the name of a mark is none.
	ErrBadMark = errors.New(Mark + " in it is no regular file that only root can write: remove it")
	// ErrOther: the mark names others.
	ErrOther = errors.New("it belongs to another TransferNode: to share it, add a line namespace/name of this one to " +
		Mark + " in it")
)

// mark sees to it that dir carries a mark of this owner, and returns its id.
func (o Options) mark(dir *os.File) (string, error) {
	if err := o.ensureMark(dir); err != nil {
		return "", err
	}
	return o.id(dir)
}

// id reads the id of a marked folder, and gives one to a folder that people or an earlier version have marked. Machines
// that do so at once agree on the first line.
func (o Options) id(dir *os.File) (string, error) {
	for range 2 {
		fd, err := unix.Openat(int(dir.Fd()), Mark, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
		if err != nil {
			return "", fmt.Errorf("open %s: %w", Mark, err)
		}
		file := os.NewFile(uintptr(fd), Mark)
		text, err := io.ReadAll(io.LimitReader(file, markLimit))
		if err := errors.Join(err, file.Close()); err != nil {
			return "", fmt.Errorf("read %s: %w", Mark, err)
		}
		if id := idIn(text); id != "" {
			return id, nil
		}
		const open = unix.O_WRONLY | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_CLOEXEC
		if fd, err = unix.Openat(int(dir.Fd()), Mark, open, 0); err != nil {
			return "", fmt.Errorf("open %s to write: %w", Mark, err)
		}
		line := idLine()
		if len(text) > 0 && text[len(text)-1] != '\n' {
			line = "\n" + line
		}
		if err := write(fd, line); err != nil {
			return "", err
		}
	}
	return "", fmt.Errorf("%s does not keep what is written to it", Mark)
}

// idIn is the id in the text of a mark, empty if there is none.
func idIn(text []byte) string {
	for _, line := range strings.Fields(string(text)) {
		if id, found := strings.CutPrefix(line, idPrefix); found {
			return id
		}
	}
	return ""
}

// FolderID is the id of a folder that was taken, empty if its mark has none.
func FolderID(folder string) (string, error) {
	file, err := os.Open(filepath.Join(folder, Mark))
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, markLimit))
	return idIn(text), err
}

func idLine() string {
	id := make([]byte, 8)
	rand.Read(id) // never fails since Go 1.24
	return idPrefix + hex.EncodeToString(id) + "\n"
}

// ensureMark sees to it that dir carries a mark of this owner.
func (o Options) ensureMark(dir *os.File) error {
	marked, err := o.marked(dir)
	if err != nil || marked {
		return err
	}
	empty, err := isEmpty(dir)
	if err != nil {
		return err
	}
	if !empty {
		// Another machine that sees the same folder may have marked it just now.
		if marked, err = o.marked(dir); err == nil && !marked {
			err = ErrNotEmpty
		}
		return err
	}
	const create = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
	fd, err := unix.Openat(int(dir.Fd()), Mark, create, 0o444)
	if errors.Is(err, unix.EEXIST) {
		if marked, err = o.marked(dir); err == nil && !marked {
			err = ErrBadMark
		}
		return err
	}
	if err != nil {
		return fmt.Errorf("make %s: %w", Mark, err)
	}
	return o.sign(fd)
}

// marked tells whether dir carries a mark of this owner, and signs an empty one.
func (o Options) marked(dir *os.File) (bool, error) {
	fd, err := unix.Openat(int(dir.Fd()), Mark, unix.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, unix.ENOENT):
		return false, nil
	case errors.Is(err, unix.ELOOP), errors.Is(err, unix.ENXIO):
		return false, ErrBadMark
	case err != nil:
		return false, fmt.Errorf("open %s: %w", Mark, err)
	}
	file := os.NewFile(uintptr(fd), Mark)
	defer file.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return false, fmt.Errorf("look at %s: %w", Mark, err)
	}
	// The process runs as root; tests run it as who they are.
	if st.Mode&unix.S_IFMT != unix.S_IFREG || int(st.Uid) != os.Geteuid() || st.Nlink != 1 || st.Mode&0o022 != 0 {
		return false, ErrBadMark
	}
	text, err := io.ReadAll(io.LimitReader(file, markLimit))
	if err != nil {
		return false, fmt.Errorf("read %s: %w", Mark, err)
	}
	owners := slices.DeleteFunc(strings.Fields(string(text)), func(line string) bool {
		return strings.HasPrefix(line, idPrefix)
	})
	switch {
	case slices.Contains(owners, o.Owner):
		return true, nil
	case len(owners) > 0:
		return false, ErrOther
	}
	const open = unix.O_WRONLY | unix.O_APPEND | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	if fd, err = unix.Openat(int(dir.Fd()), Mark, open, 0); err != nil {
		return false, fmt.Errorf("open %s to write: %w", Mark, err)
	}
	return true, o.sign(fd)
}

// sign writes the owner into a mark and closes it.
func (o Options) sign(fd int) error { return write(fd, o.Owner+"\n") }

// write adds text to a mark and closes it.
func write(fd int, text string) error {
	file := os.NewFile(uintptr(fd), Mark)
	_, err := file.WriteString(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("write %s: %w", Mark, err)
	}
	return nil
}

// lostAndFound is a folder of root's that file systems are made with.
const lostAndFound = "lost+found"

// isEmpty tells whether dir holds nothing but what its file system was made with.
func isEmpty(dir *os.File) (bool, error) {
	if _, err := dir.Seek(0, io.SeekStart); err != nil {
		return false, fmt.Errorf("list it: %w", err)
	}
	names, err := dir.Readdirnames(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("list it: %w", err)
	}
	if len(names) == 1 && names[0] == lostAndFound {
		var st unix.Stat_t
		err := unix.Fstatat(int(dir.Fd()), lostAndFound, &st, unix.AT_SYMLINK_NOFOLLOW)
		return err == nil && st.Mode&unix.S_IFMT == unix.S_IFDIR && int(st.Uid) == os.Geteuid(), nil
	}
	return len(names) == 0, nil
}
