package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"faspex.io/operator/dataplane/config"
)

const serviceUID = 65532

func prepareCommand() *cobra.Command {
	var configPath, storageRoot string
	var uid, gid int
	cmd := &cobra.Command{
		Use:   "prepare",
		Short: "Give the storage mounts to the user that hsts runs as",
		Long: "Prepare runs as root before serve: folders that come from the host belong to root, and nothing else changes their owner.\n" +
			"It touches the storage root and its folders, not what they hold.",
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if storageRoot == "" {
				c, err := config.Load(configPath)
				if err != nil {
					return err
				}
				storageRoot = c.StorageRoot
			}
			return prepare(storageRoot, uid, gid)
		},
	}
	cmd.Flags().StringVar(&configPath, "config", "/etc/hsts/config/hsts.yaml", "configuration file that names the storage root")
	cmd.Flags().StringVar(&storageRoot, "root", "", "storage root, instead of the configuration's")
	cmd.Flags().IntVar(&uid, "uid", serviceUID, "owner of the storage mounts")
	cmd.Flags().IntVar(&gid, "gid", serviceUID, "group of the storage mounts")
	return cmd
}

func prepare(root string, uid, gid int) error {
	if err := os.MkdirAll(root, 0o755); err != nil {
		return fmt.Errorf("make storage root: %w", err)
	}
	// Where only folders beneath it are mounted, the root itself is part of the read-only image.
	if err := own(root, uid, gid); err != nil && !errors.Is(err, syscall.EROFS) {
		return err
	}
	entries, err := os.ReadDir(root)
	if err != nil {
		return fmt.Errorf("list storage root: %w", err)
	}
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		if err := own(filepath.Join(root, e.Name()), uid, gid); err != nil {
			return err
		}
	}
	return nil
}

// own makes a folder its user's, who can read, write and enter it; others keep the rights they had.
func own(dir string, uid, gid int) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return fmt.Errorf("prepare storage: %w", err)
	}
	if st, ok := info.Sys().(*syscall.Stat_t); !ok || int(st.Uid) != uid || int(st.Gid) != gid {
		if err := os.Lchown(dir, uid, gid); err != nil {
			return fmt.Errorf("prepare storage: %w", err)
		}
	}
	if mode := info.Mode().Perm() | 0o700; mode != info.Mode().Perm() {
		if err := os.Chmod(dir, mode); err != nil {
			return fmt.Errorf("prepare storage: %w", err)
		}
	}
	return nil
}
