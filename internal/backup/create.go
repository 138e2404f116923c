package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
)

// Create says what to back up.
type Create struct {
	ID string
	// Instance is namespace/name, Faspex the version that runs.
	Instance, Faspex string
	// Databases by role.
	Databases map[string]string
	// CoreKeys is the fingerprint of core's keys, and Secrets what SealSecrets made.
	CoreKeys string
	Secrets  io.Reader
	// Now is the clock.
	Now func() time.Time
}

// Create makes a backup, its manifest last. One that is there already is left as it is and returned, so that a repeated
// call is none.
func (s Store) Create(ctx context.Context, server Server, c Create) (Manifest, error) {
	if !ids.MatchString(c.ID) {
		return Manifest{}, fmt.Errorf("%q is no id of a backup", c.ID)
	}
	if there, err := s.Manifest(ctx, c.ID); !errors.Is(err, ErrNotFound) {
		return there, err
	}
	m := Manifest{
		Format: format, ID: c.ID, Instance: c.Instance, Faspex: c.Faspex, Begun: c.Now().UTC(),
		Recipient: s.Key.identities[0].public, CoreKeys: c.CoreKeys,
	}
	missing, err := server.missing(ctx, c.Databases)
	if err != nil {
		return m, err
	}
	for _, role := range slices.Sorted(maps.Keys(c.Databases)) {
		if missing[role] && role != RoleFaspex {
			continue // the node was never started
		}
		part, err := s.putDump(ctx, server, c.ID, role, c.Databases[role])
		if err != nil {
			return m, fmt.Errorf("back up the database of %s: %w", role, err)
		}
		m.Databases = append(m.Databases, part)
	}
	if m.Secrets, err = s.put(ctx, c.ID, secretsName, c.Secrets); err != nil {
		return m, fmt.Errorf("write the Secrets: %w", err)
	}
	m.Finished = c.Now().UTC()
	if err := m.check(c.ID); err != nil {
		return m, err
	}
	return m, s.writeManifest(ctx, m)
}

// putDump writes a dump as it comes.
func (s Store) putDump(ctx context.Context, server Server, id, role, database string) (Part, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	dumped := make(chan error, 1)
	go func() {
		err := s.encode(w, func(to io.Writer) error { return server.dump(ctx, database, to) })
		dumped <- err
		w.CloseWithError(err) // nil is the end of the object
	}()
	part, err := s.put(ctx, id, dumpName(role), r)
	if err != nil {
		cancel()
		r.CloseWithError(err)
	}
	part.Role = role
	if dumpErr := <-dumped; dumpErr != nil && !errors.Is(dumpErr, io.ErrClosedPipe) {
		return part, dumpErr
	}
	return part, err
}

// encode compresses and encrypts what write writes.
func (s Store) encode(to io.Writer, write func(io.Writer) error) error {
	encrypted, err := s.Key.Encrypt(to)
	if err != nil {
		return err
	}
	compressed, err := zstd.NewWriter(encrypted, zstd.WithEncoderConcurrency(1))
	if err != nil {
		return fmt.Errorf("compress: %w", err)
	}
	err = write(compressed)
	return errors.Join(err, compressed.Close(), encrypted.Close())
}

// decode is the way back.
func (s Store) decode(from io.Reader) (io.ReadCloser, error) {
	plain, err := s.Key.Decrypt(from)
	if err != nil {
		return nil, err
	}
	d, err := zstd.NewReader(plain, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20))
	if err != nil {
		return nil, fmt.Errorf("decompress: %w", err)
	}
	return d.IOReadCloser(), nil
}

func (s Store) put(ctx context.Context, id, name string, r io.Reader) (Part, error) {
	c := &counter{r: r, hash: sha256.New()}
	if err := s.Target.Put(ctx, s.object(id, name), c); err != nil {
		return Part{}, err
	}
	return Part{Object: name, Size: c.n, SHA256: hex.EncodeToString(c.hash.Sum(nil))}, nil
}

// counter digests what is read through it.
type counter struct {
	r    io.Reader
	n    int64
	hash hash.Hash
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.hash.Write(p[:n])
	return n, err
}
