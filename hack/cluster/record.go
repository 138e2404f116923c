package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// record is what `up` writes down first, so that every later command, after a crash too, knows
// what exists and what to remove.
type record struct {
	BootID   string   `json:"bootID"`
	Binaries binaries `json:"binaries"` // the running cluster keeps using these, whatever the tree pins later
	// MountPoints are empty folders of this machine that did not exist before.
	MountPoints []string `json:"mountPoints,omitempty"`
	// SharedFolder says that the folder that all nodes share did not exist before.
	SharedFolder bool `json:"sharedFolder,omitempty"`
}

// readRecord returns nil when no cluster exists.
func readRecord(s stateDir) (*record, error) {
	data, err := os.ReadFile(s.record())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the cluster's record: %w", err)
	}
	var r record
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("read the cluster's record %s: %w", s.record(), err)
	}
	return &r, nil
}

func (r *record) write(s stateDir) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(s), 0o755); err != nil {
		return err
	}
	return os.WriteFile(s.record(), append(data, '\n'), 0o644)
}

// makeMountPoints makes the folders that a node mounts over, and notes those that did not exist.
func (r *record) makeMountPoints() error {
	for _, d := range privateFolders {
		if _, err := os.Stat(d); err == nil {
			continue
		}
		if err := os.MkdirAll(d, 0o755); err != nil {
			return err
		}
		r.MountPoints = append(r.MountPoints, d)
	}
	return nil
}

// makeSharedFolder makes the folder that all nodes share. One that exists is used and, at the end, kept.
func (r *record) makeSharedFolder() error {
	if err := os.MkdirAll(filepath.Dir(sharedFolder), 0o755); err != nil {
		return err
	}
	err := os.Mkdir(sharedFolder, 0o777)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	r.SharedFolder = err == nil
	return errors.Join(err, os.Chmod(sharedFolder, 0o777)) // whatever the umask says
}

// removeMountPoints removes the folders that makeMountPoints has made, unless somebody uses them now.
func (r *record) removeMountPoints() {
	for _, d := range r.MountPoints {
		os.Remove(d)
	}
}

// requireRecord is for commands that need a running cluster.
func requireRecord(s stateDir) (*record, error) {
	r, err := readRecord(s)
	if err == nil && r == nil {
		err = errors.New("the cluster is down: start it with the command up")
	}
	return r, err
}
