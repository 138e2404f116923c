package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A node sees control groups of its own: a folder for it is made in every hierarchy below the group of the starting
// process, the node's first process is born in it, and a cgroup namespace makes it the root of what the node mounts.
// That works the same with the version 1 hierarchies and with the single one of version 2.

const cgroupRoot = "/sys/fs/cgroup"

// cgroupHierarchy is one mounted hierarchy.
type cgroupHierarchy struct {
	controllers string // as mounted: "memory", "cpu,cpuacct", "name=systemd"; empty for version 2
	dir         string // folder of the starting process's group in this machine's own mount
}

// unified says whether the machine has version 2 alone.
func unified() bool {
	var st unix.Statfs_t
	return unix.Statfs(cgroupRoot, &st) == nil && st.Type == unix.CGROUP2_SUPER_MAGIC
}

// parseHierarchies reads /proc/self/cgroup: lines of "id:controllers:path".
func parseHierarchies(procSelfCgroup string, unified bool) []cgroupHierarchy {
	var found []cgroupHierarchy
	lines := bufio.NewScanner(strings.NewReader(procSelfCgroup))
	for lines.Scan() {
		parts := strings.SplitN(lines.Text(), ":", 3)
		if len(parts) != 3 {
			continue
		}
		controllers, path := parts[1], parts[2]
		switch {
		case unified && controllers == "":
			// Controllers can't be handed on below a group that holds processes, only below the root.
			found = append(found, cgroupHierarchy{dir: cgroupRoot})
		case !unified && controllers != "":
			found = append(found, cgroupHierarchy{controllers,
				filepath.Join(cgroupRoot, strings.TrimPrefix(controllers, "name="), path)})
		}
	}
	return found
}

// hierarchies are those of this process that can be used from here.
func hierarchies() ([]cgroupHierarchy, error) {
	self, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return nil, fmt.Errorf("read own control groups: %w", err)
	}
	var usable []cgroupHierarchy
	for _, h := range parseHierarchies(string(self), unified()) {
		if _, err := os.Stat(h.dir); err == nil {
			usable = append(usable, h)
		}
	}
	return usable, nil
}

// cgroupList is the file that records a machine's groups while it is powered on.
func (d machineDir) cgroupList() string { return d.path("cgroups") }

// createCgroups makes the groups of a machine, moves the calling process into them and records them.
func createCgroups(dir machineDir, name string) error {
	all, err := hierarchies()
	if err != nil {
		return err
	}
	var list strings.Builder
	for _, h := range all {
		group := filepath.Join(h.dir, namespace(name))
		if err := os.Mkdir(group, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("make control group: %w", err)
		}
		fmt.Fprintf(&list, "%s %s\n", orDash(h.controllers), group)
		if err := os.WriteFile(dir.cgroupList(), []byte(list.String()), 0o644); err != nil {
			return err
		}
		if h.controllers == "" {
			if err := delegate(cgroupRoot); err != nil {
				return err
			}
		}
		if strings.Contains(","+h.controllers+",", ",cpuset,") {
			if err := inheritCPUSet(group); err != nil {
				return err
			}
		}
		if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0o644); err != nil {
			return fmt.Errorf("enter control group: %w", err)
		}
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// inheritCPUSet copies the allowed CPUs and memory nodes from the parent: version 1 leaves
// them empty, and then nothing runs.
func inheritCPUSet(group string) error {
	for _, f := range []string{"cpuset.cpus", "cpuset.mems"} {
		v, err := os.ReadFile(filepath.Join(filepath.Dir(group), f))
		if err != nil {
			return fmt.Errorf("read %s: %w", f, err)
		}
		if err := os.WriteFile(filepath.Join(group, f), v, 0o644); err != nil {
			return fmt.Errorf("set %s: %w", f, err)
		}
	}
	return nil
}

// delegate hands all controllers of a version 2 group on to its children.
func delegate(group string) error {
	available, err := os.ReadFile(filepath.Join(group, "cgroup.controllers"))
	if err != nil {
		return fmt.Errorf("read controllers: %w", err)
	}
	for _, c := range strings.Fields(string(available)) {
		if err := os.WriteFile(filepath.Join(group, "cgroup.subtree_control"), []byte("+"+c), 0o644); err != nil {
			return fmt.Errorf("hand on controller %s: %w", c, err)
		}
	}
	return nil
}

type recordedCgroup struct{ controllers, dir string }

func recordedCgroups(dir machineDir) ([]recordedCgroup, error) {
	data, err := os.ReadFile(dir.cgroupList())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []recordedCgroup
	for line := range strings.Lines(string(data)) {
		controllers, group, ok := strings.Cut(strings.TrimSpace(line), " ")
		if ok {
			list = append(list, recordedCgroup{strings.TrimPrefix(controllers, "-"), group})
		}
	}
	return list, nil
}

// mountCgroups mounts the hierarchies again inside the node; its cgroup namespace makes its own groups their roots.
func mountCgroups(dir machineDir) error {
	groups, err := recordedCgroups(dir)
	if err != nil {
		return err
	}
	if len(groups) == 1 && groups[0].controllers == "" {
		return mountUnified()
	}
	if err := mountFresh("tmpfs", cgroupRoot, "mode=755"); err != nil {
		return err
	}
	for _, g := range groups {
		target, options := filepath.Join(cgroupRoot, g.controllers), g.controllers
		if named, ok := strings.CutPrefix(g.controllers, "name="); ok {
			target, options = filepath.Join(cgroupRoot, named), "none,"+g.controllers
		}
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
		if err := mountFresh("cgroup", target, options); err != nil {
			return err
		}
	}
	return nil
}

// mountUnified mounts version 2 and moves this process out of the way: a group that hands
// controllers on holds no processes.
func mountUnified() error {
	if err := mountFresh("cgroup2", cgroupRoot, ""); err != nil {
		return err
	}
	group := filepath.Join(cgroupRoot, "machine")
	if err := os.MkdirAll(group, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(group, "cgroup.procs"), []byte("0"), 0o644); err != nil {
		return fmt.Errorf("enter control group: %w", err)
	}
	// The process that has started this one is in the group too, for some milliseconds more.
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if err := delegate(cgroupRoot); err == nil || time.Now().After(deadline) {
			return err
		}
	}
}

// removeCgroups removes the groups of a machine whose processes have been killed. It waits for the last of them.
func removeCgroups(dir machineDir, limit time.Duration) error {
	groups, err := recordedCgroups(dir)
	if err != nil {
		return err
	}
	deadline := time.Now().Add(limit)
	for _, g := range groups {
		for {
			err := removeTree(g.dir)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				return fmt.Errorf("remove control group: %w", err)
			}
			time.Sleep(50 * time.Millisecond)
		}
	}
	return os.RemoveAll(dir.cgroupList())
}

// removeTree removes a control group and those below it, deepest first; files in them can't be removed and need not be.
func removeTree(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.IsDir() {
			if err := removeTree(filepath.Join(dir, e.Name())); err != nil {
				return err
			}
		}
	}
	if err := unix.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return nil
}
