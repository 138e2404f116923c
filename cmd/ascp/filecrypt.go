package main

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/mask"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// What --file-crypt and content_protection can be.
const (
	encryptFiles = "encrypt"
	decryptFiles = "decrypt"
)

// completeFileCrypt checks what was asked for and takes the passphrase. A passphrase that would not be used is refused
// when files are sent: who gave it means them to be encrypted.
func (r *request) completeFileCrypt() error {
	text := r.filePass
	r.filePass = ""
	needed, take := transferspec.Send, atrest.NewEncryptionPassphrase
	switch r.fileCrypt {
	case "":
		if text != "" && r.direction == transferspec.Send {
			return fail.New(fail.Usage, "a passphrase for files is given, but not --file-crypt encrypt")
		}
		return nil
	case encryptFiles:
	case decryptFiles:
		needed, take = transferspec.Receive, atrest.NewPassphrase
	default:
		return fail.New(fail.Usage, "--file-crypt is encrypt or decrypt, not %q", r.fileCrypt)
	}
	if r.direction != needed {
		return fail.New(fail.Usage, "files are encrypted when they are sent, and decrypted when they are received")
	}
	if text == "" {
		return fail.New(fail.Usage, "--file-crypt %s needs a passphrase in ASPERA_SCP_FILEPASS", r.fileCrypt)
	}
	var err error
	if r.passphrase, err = take(text); err != nil {
		return fail.New(fail.Usage, "ASPERA_SCP_FILEPASS: %w", err)
	}
	return nil
}

// protect sets the client up to mask names, and to encrypt or decrypt files.
func (t *task) protect() error {
	if t.maskNames && t.direction == transferspec.Send {
		if t.after.archive != "" {
			return fail.New(fail.Usage, "sources whose names are masked are not moved: --move-after-transfer would lose them")
		}
		t.client.Mask = t.mask()
	}
	switch t.fileCrypt {
	case encryptFiles:
		salt, err := t.argonSalt()
		if err != nil {
			return err
		}
		t.client.Encrypt, err = t.passphrase.Key(atrest.DefaultParams(salt))
		return err
	case decryptFiles:
		t.client.Decrypt = &transfer.Decryption{Passphrase: t.passphrase, Strict: t.failBadPass}
	}
	return nil
}

// mask gives the names of what is sent.
func (t *task) mask() *mask.Names {
	names := mask.New(t.maskKey)
	return &names
}

// argonSalt is the salt of the passphrase's hash. It is the same when the transfer is run again from here, so that an
// upload that was cut can be resumed, and another one for each person, host and destination.
func (t *task) argonSalt() ([16]byte, error) {
	folder, err := os.UserConfigDir()
	var seed []byte
	if err == nil {
		seed, err = saltSeed(folder)
	}
	if err != nil {
		if !t.quiet {
			t.display.note("no place to keep the salt of encryption: if the transfer is cut, its files are sent again from " +
				"the start")
		}
		seed = make([]byte, seedLen)
		if _, err := rand.Read(seed); err != nil {
			return [16]byte{}, err
		}
	}
	m := hmac.New(sha256.New, seed)
	fmt.Fprintf(m, "%s\x00%s\x00%s", t.user, t.host, t.destination)
	return [16]byte(m.Sum(nil)), nil
}

const seedLen = 32

// saltSeed reads the seed of salts from the configuration folder, or makes one. Of two processes that make it at the
// same time, one does.
func saltSeed(folder string) ([]byte, error) {
	dir := filepath.Join(folder, "faspex")
	name := filepath.Join(dir, "ascp-salt-seed")
	seed, err := os.ReadFile(name)
	switch {
	case err == nil && len(seed) == seedLen:
		return seed, nil
	case err == nil:
		return nil, fmt.Errorf("%s has %d bytes instead of %d", name, len(seed), seedLen)
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	seed = make([]byte, seedLen)
	if _, err := rand.Read(seed); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	draft, err := os.CreateTemp(dir, ".seed-*") // Mode 0600.
	if err != nil {
		return nil, err
	}
	defer os.Remove(draft.Name())
	_, err = draft.Write(seed)
	if err = errors.Join(err, draft.Close()); err != nil {
		return nil, err
	}
	if err := os.Link(draft.Name(), name); errors.Is(err, fs.ErrExist) {
		return os.ReadFile(name)
	} else if err != nil {
		return nil, err
	}
	return seed, nil
}
