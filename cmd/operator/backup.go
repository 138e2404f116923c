package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"faspex.io/operator/internal/backup"
)

const backupDescription = `Makes, restores and removes backups. Jobs of the operator run this in a container of the MariaDB image, whose programs
mariadb and mariadb-dump it starts; a FaspexBackup or spec.restoreFrom of a FaspexInstance is the way to have that done.

The server and its user come from the environment: FASPEX_DB_HOST, FASPEX_DB_PORT, FASPEX_DB_ROOT_USERNAME,
FASPEX_DB_ROOT_PASSWORD, FASPEX_DB_USE_TLS, FASPEX_DB_TLS_CA_FILE. The last words are a line of JSON that tells what was
done. The exit code is 3 when something is refused that no further attempt mends.`

// exitRefused is the exit code of what is not to be tried again; the Jobs know it.
const exitRefused = 3

// maxErrorText keeps the last words below what a kubelet takes (4096 bytes).
const maxErrorText = 2000

// backupSettings are the flags of all commands beneath backup.
type backupSettings struct {
	endpoint, region, bucket, credentials, ca string
	folder, shown                             string
	prefix, id, key                           string
	databases                                 map[string]string
}

func newBackupCommand() *cobra.Command {
	s := &backupSettings{}
	command := &cobra.Command{Use: "backup", Short: "Make, restore and remove backups", Long: backupDescription}
	command.AddCommand(s.create(), s.restore(), s.remove(), newKeygenCommand(), newInstallCommand())
	return command
}

func (s *backupSettings) command(use, short string, run func(context.Context) (backup.Result, error)) *cobra.Command {
	command := &cobra.Command{
		Use: use, Short: short, Args: cobra.NoArgs, SilenceUsage: true, SilenceErrors: true,
		RunE: func(command *cobra.Command, _ []string) error {
			result, err := run(command.Context())
			if err != nil {
				result.Refused, result.Error = errors.Is(err, backup.ErrRefused), err.Error()
				result.Error = result.Error[:min(len(result.Error), maxErrorText)]
			}
			text, encodeErr := json.Marshal(result)
			if encodeErr != nil {
				return errors.Join(err, encodeErr)
			}
			sayErr := say(command.OutOrStdout(), string(text)+"\n")
			if result.Refused {
				return errors.Join(&exitError{exitRefused, err}, sayErr)
			}
			return errors.Join(err, sayErr)
		},
	}
	flags := command.Flags()
	flags.StringVar(&s.endpoint, "s3-endpoint", "", "URL of an S3 server")
	flags.StringVar(&s.region, "s3-region", "", "region of the bucket")
	flags.StringVar(&s.bucket, "s3-bucket", "", "bucket")
	flags.StringVar(&s.credentials, "s3-credentials", "", "folder with the files accessKeyID and secretAccessKey")
	flags.StringVar(&s.ca, "s3-ca", "", "file with the authorities of the S3 server; the system's when empty")
	flags.StringVar(&s.folder, "folder", "", "folder for backups, in place of a bucket")
	flags.StringVar(&s.shown, "folder-name", "", "what to call the folder")
	flags.StringVar(&s.prefix, "prefix", "", "folder within the target")
	flags.StringVar(&s.id, "id", "", "the backup")
	flags.StringVar(&s.key, "key", "", "file with the age identities that encrypt")
	return command
}

func (s *backupSettings) create() *cobra.Command {
	c := backup.Create{Now: time.Now}
	var secrets string
	command := s.command("create", "Dump databases into the target", func(ctx context.Context) (backup.Result, error) {
		store, server, err := s.open()
		if err != nil {
			return backup.Result{}, err
		}
		file, err := os.Open(secrets)
		if err != nil {
			return backup.Result{}, err
		}
		defer file.Close() // it was read
		c.ID, c.Databases, c.Secrets = s.id, s.databases, file
		m, err := store.Create(ctx, server, c)
		return store.Result(m), err
	})
	flags := command.Flags()
	flags.StringVar(&c.Instance, "instance", "", "namespace/name of what is backed up")
	flags.StringVar(&c.Faspex, "faspex", "", "version of Faspex that runs")
	flags.StringVar(&c.CoreKeys, "core-keys", "", "fingerprint of core's keys")
	flags.StringVar(&secrets, "secrets", "", "file with the encrypted Secrets")
	flags.StringToStringVar(&s.databases, "database", nil, "databases by role, as faspex=NAME or node.NODE=NAME")
	return command
}

func (s *backupSettings) restore() *cobra.Command {
	r := backup.Restore{}
	var coreKeys string
	command := s.command("restore", "Load a backup into databases that are empty",
		func(ctx context.Context) (backup.Result, error) {
			store, server, err := s.open()
			if err != nil {
				return backup.Result{}, err
			}
			if s.id == "" {
				if s.id, err = store.Newest(ctx); errors.Is(err, backup.ErrNotFound) {
					return backup.Result{}, fmt.Errorf("%w: %w", backup.ErrRefused, err)
				} else if err != nil {
					return backup.Result{}, err
				}
			}
			if r.CoreKeys, err = readFolder(coreKeys); err != nil {
				return backup.Result{}, err
			}
			m, err := store.Restore(ctx, server, s.id, r)
			return store.Result(m), err
		})
	flags := command.Flags()
	flags.StringVar(&r.Faspex, "faspex-database", "", "where the database of the instance goes")
	flags.StringVar(&r.Version, "faspex", "", "version of Faspex that shall use the data")
	flags.StringVar(&r.Namespace, "namespace", "", "namespace of the instance: databases of nodes are named by it")
	flags.StringVar(&coreKeys, "core-keys", "", "folder with core's keys, if there are any already")
	flags.StringVar(&r.CoreKeysName, "core-keys-name", "", "name of the Secret with core's keys")
	return command
}

func (s *backupSettings) remove() *cobra.Command {
	return s.command("remove", "Remove a backup", func(ctx context.Context) (backup.Result, error) {
		store, err := s.store()
		if err != nil {
			return backup.Result{}, err
		}
		return backup.Result{ID: s.id}, store.Remove(ctx, s.id)
	})
}

func newKeygenCommand() *cobra.Command {
	return &cobra.Command{
		Use: "keygen", Short: "Print a new key for backups", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			text, err := backup.NewIdentity()
			if err != nil {
				return err
			}
			_, err = io.WriteString(command.OutOrStdout(), text)
			return err
		},
	}
}

// newInstallCommand copies this program to where a container of another image can run it.
func newInstallCommand() *cobra.Command {
	return &cobra.Command{
		Use: "install FILE", Short: "Copy this program", Args: cobra.ExactArgs(1), Hidden: true,
		RunE: func(_ *cobra.Command, args []string) (err error) {
			self, err := os.Open("/proc/self/exe")
			if err != nil {
				return err
			}
			defer self.Close() // it was read
			to, err := os.OpenFile(args[0], os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o755)
			if err != nil {
				return err
			}
			_, err = io.Copy(to, self)
			return errors.Join(err, to.Close())
		},
	}
}

// store opens the target. Only what makes or opens backups needs the key.
func (s *backupSettings) store() (backup.Store, error) {
	store := backup.Store{Prefix: s.prefix}
	if s.key != "" {
		text, err := os.ReadFile(s.key)
		if err != nil {
			return store, err
		}
		if store.Key, err = backup.ParseKey(text); err != nil {
			return store, fmt.Errorf("%w: %w", backup.ErrRefused, err)
		}
	}
	var err error
	if s.folder != "" {
		store.Target, err = backup.OpenFolder(s.folder, s.shown)
		return store, err
	}
	o := backup.S3Options{Endpoint: s.endpoint, Region: s.region, Bucket: s.bucket}
	given, err := readFolder(s.credentials)
	if err != nil {
		return store, err
	}
	o.AccessKeyID, o.SecretKey = string(given["accessKeyID"]), string(given["secretAccessKey"])
	if s.ca != "" {
		if o.CA, err = os.ReadFile(s.ca); err != nil {
			return store, err
		}
	}
	store.Target, err = backup.OpenS3(o)
	return store, err
}

func (s *backupSettings) open() (backup.Store, backup.Server, error) {
	server := backup.Server{
		Host: os.Getenv("FASPEX_DB_HOST"), User: os.Getenv("FASPEX_DB_ROOT_USERNAME"),
		Password: os.Getenv("FASPEX_DB_ROOT_PASSWORD"), CAFile: os.Getenv("FASPEX_DB_TLS_CA_FILE"),
	}
	store, err := s.store()
	if err != nil {
		return store, server, err
	}
	if store.Key == nil {
		return store, server, errors.New("--key is missing")
	}
	if server.Port, err = strconv.Atoi(os.Getenv("FASPEX_DB_PORT")); err != nil {
		return store, server, errors.New("FASPEX_DB_PORT is not a port number")
	}
	if text := os.Getenv("FASPEX_DB_USE_TLS"); text != "" {
		if server.TLS, err = strconv.ParseBool(text); err != nil {
			return store, server, errors.New("FASPEX_DB_USE_TLS is neither true nor false")
		}
	}
	return store, server, nil
}

// readFolder reads the files of a mounted Secret; nil when the folder is empty, absent or not named.
func readFolder(folder string) (map[string][]byte, error) {
	if folder == "" {
		return nil, nil
	}
	entries, err := os.ReadDir(folder)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var data map[string][]byte
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") || e.IsDir() { // the kubelet's own links
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, e.Name()))
		if err != nil {
			return nil, err
		}
		if data == nil {
			data = map[string][]byte{}
		}
		data[e.Name()] = text
	}
	return data, nil
}
