package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// Verify reads a whole backup: the error wraps ErrDamaged when a part is not what the manifest says, or cannot be
// opened.
func (s Store) Verify(ctx context.Context, m Manifest) error {
	for _, p := range m.Databases {
		if err := s.readPart(ctx, m.ID, p, func(r io.Reader) error { return s.discard(r) }); err != nil {
			return err
		}
	}
	_, err := s.sealedSecrets(ctx, m)
	return err
}

func (s Store) discard(r io.Reader) error {
	plain, err := s.decode(r)
	if err != nil {
		return err
	}
	defer plain.Close() // it was read to its end
	_, err = io.Copy(io.Discard, plain)
	return err
}

// readPart gives a part to use and sees, when that has read it, that it is what the manifest says.
func (s Store) readPart(ctx context.Context, id string, p Part, use func(io.Reader) error) (err error) {
	object, err := s.Target.Get(ctx, s.object(id, p.Object))
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("%w: %s is gone", ErrDamaged, p.Object)
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", p.Object, err)
	}
	defer object.Close() // nothing is lost: it was read
	c := &counter{r: object, hash: sha256.New()}
	used := use(c)
	// What was used is judged by the whole: a part that was cut or changed fails to decrypt, and is named as damaged.
	if _, err := io.Copy(io.Discard, c); err != nil {
		return errors.Join(fmt.Errorf("read %s: %w", p.Object, err), used)
	}
	if c.n != p.Size || hex.EncodeToString(c.hash.Sum(nil)) != p.SHA256 {
		return fmt.Errorf("%w: %s is not what the manifest says", ErrDamaged, p.Object)
	}
	if used != nil {
		return fmt.Errorf("read %s: %w", p.Object, used)
	}
	return nil
}
