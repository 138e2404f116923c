package backup

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	format       = 1
	manifestName = "manifest.json"
	secretsName  = "secrets.json.age"
	// manifestLimit bounds what is read of a manifest, and secretsLimit what is read of the Secrets.
	manifestLimit = 1 << 20
	secretsLimit  = 64 << 20
)

// RoleFaspex is the role of the instance's own database; NodeRole that of a TransferNode's.
const RoleFaspex = "faspex"

const nodePrefix = "node."

// NodeRole is the role of the database of the TransferNode called name.
func NodeRole(name string) string { return nodePrefix + name }

// NodeDatabase is the name of a TransferNode's database and of its user: what is left of the name, and a digest of
// namespace and name that tells nodes of several namespaces on one server apart. At most 54 characters of [a-z0-9_].
func NodeDatabase(namespace, name string) string {
	digest := sha256.Sum256([]byte(namespace + "/" + name))
	return "hsts_" + strings.ReplaceAll(name, "-", "_") + "_" + hex.EncodeToString(digest[:4])
}

var (
	// ErrDamaged: an object of a backup is not what its manifest says.
	ErrDamaged = errors.New("the backup is damaged")

	roles = regexp.MustCompile(`^(faspex|node\.[a-z0-9]([-a-z0-9.]*[a-z0-9])?)$`)
	ids   = regexp.MustCompile(`^[A-Za-z0-9][-A-Za-z0-9]{0,126}$`)
)

// Manifest says what a backup consists of. It is written last: a backup without one was interrupted, and is none.
type Manifest struct {
	Format int    `json:"format"`
	ID     string `json:"id"`
	// Instance is namespace/name of what was backed up.
	Instance string `json:"instance"`
	// Faspex is the version that ran.
	Faspex   string    `json:"faspex"`
	Begun    time.Time `json:"begun"`
	Finished time.Time `json:"finished"`
	// Recipient is the public half of the key.
	Recipient string `json:"recipient"`
	// CoreKeys is the fingerprint of core's keys.
	CoreKeys  string `json:"coreKeys"`
	Databases []Part `json:"databases"`
	Secrets   Part   `json:"secrets"`
}

// Part is one object of a backup.
type Part struct {
	// Role of a database: RoleFaspex or NodeRole.
	Role   string `json:"role,omitempty"`
	Object string `json:"object"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Size is the sum of all parts.
func (m Manifest) Size() int64 {
	size := m.Secrets.Size
	for _, d := range m.Databases {
		size += d.Size
	}
	return size
}

// Result is what a command tells of what it did, in one line of JSON. It holds no secret.
type Result struct {
	ID       string    `json:"id,omitempty"`
	Location string    `json:"location,omitempty"`
	Instance string    `json:"instance,omitempty"`
	Faspex   string    `json:"faspex,omitempty"`
	Begun    time.Time `json:"begun,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Size     int64     `json:"size,omitempty"`
	// Refused: trying again does not help.
	Refused bool   `json:"refused,omitempty"`
	Error   string `json:"error,omitempty"`
}

// Result of a backup.
func (s Store) Result(m Manifest) Result {
	if m.ID == "" {
		return Result{}
	}
	return Result{ID: m.ID, Location: s.Target.Location(path.Join(s.Prefix, m.ID)), Instance: m.Instance,
		Faspex: m.Faspex, Begun: m.Begun, Finished: m.Finished, Size: m.Size()}
}

// envelope is what is stored: the text that is signed stays as it is.
type envelope struct {
	Manifest json.RawMessage `json:"manifest"`
	MAC      string          `json:"mac"`
}

func (k *Key) seal(m Manifest) ([]byte, error) {
	text, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	sealed, err := json.Marshal(envelope{Manifest: text, MAC: k.identities[0].sign(text)})
	if err != nil {
		return nil, fmt.Errorf("encode manifest: %w", err)
	}
	return sealed, nil
}

// unseal reads a manifest and believes it if it was made with the key.
func (k *Key) unseal(sealed []byte, id string) (Manifest, error) {
	var e envelope
	var m Manifest
	if err := json.Unmarshal(sealed, &e); err != nil {
		return m, fmt.Errorf("%w: its manifest cannot be read", ErrDamaged)
	}
	if err := json.Unmarshal(e.Manifest, &m); err != nil {
		return m, fmt.Errorf("%w: its manifest cannot be read", ErrDamaged)
	}
	if m.Format != format {
		return m, fmt.Errorf("the backup has format %d, this program knows %d: use a newer version", m.Format, format)
	}
	made, err := k.madeWith(m.Recipient)
	if err != nil {
		return m, err
	}
	if !hmac.Equal([]byte(made.sign(e.Manifest)), []byte(e.MAC)) {
		return m, fmt.Errorf("%w: its manifest was changed, or made by somebody else", ErrDamaged)
	}
	return m, m.check(id)
}

// check refuses what no version of this program writes: names lead nowhere but beside the manifest.
func (m Manifest) check(id string) error {
	if m.ID != id {
		return fmt.Errorf("%w: the manifest is that of backup %q", ErrDamaged, m.ID)
	}
	seen := map[string]bool{}
	for _, p := range m.Databases {
		if !roles.MatchString(p.Role) || p.Object != dumpName(p.Role) || seen[p.Role] {
			return fmt.Errorf("%w: the manifest names a database %q", ErrDamaged, p.Role)
		}
		seen[p.Role] = true
	}
	if !seen[RoleFaspex] || m.Secrets.Object != secretsName {
		return fmt.Errorf("%w: the manifest lacks the database or the Secrets", ErrDamaged)
	}
	return nil
}

func dumpName(role string) string { return role + ".sql.zst.age" }

// Store is a place for backups: a target, a prefix within it and a key.
type Store struct {
	Target Target
	Prefix string
	Key    *Key
}

func (s Store) object(id, name string) string { return path.Join(s.Prefix, id, name) }

// Manifest reads the manifest of a backup. The error wraps ErrNotFound when the backup is not there or was not
// finished, ErrKey when the key is another one, and ErrDamaged when it was changed.
func (s Store) Manifest(ctx context.Context, id string) (Manifest, error) {
	if !ids.MatchString(id) {
		return Manifest{}, fmt.Errorf("backup %q: %w", id, ErrNotFound)
	}
	text, err := s.read(ctx, s.object(id, manifestName), manifestLimit)
	if err != nil {
		return Manifest{}, fmt.Errorf("read the manifest of backup %s: %w", id, err)
	}
	m, err := s.Key.unseal(text, id)
	if err != nil {
		return m, fmt.Errorf("backup %s: %w", id, err)
	}
	return m, nil
}

func (s Store) read(ctx context.Context, object string, limit int64) ([]byte, error) {
	r, err := s.Target.Get(ctx, object)
	if err != nil {
		return nil, err
	}
	defer r.Close() // nothing is lost: it was read
	text, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("%w: %s is larger than it can be", ErrDamaged, object)
	}
	return text, nil
}

// Newest is the id of the newest backup that was finished; ids begin with their time. The error wraps ErrNotFound when
// there is none.
func (s Store) Newest(ctx context.Context) (string, error) {
	objects, err := s.Target.List(ctx, s.Prefix)
	if err != nil {
		return "", fmt.Errorf("list the backups: %w", err)
	}
	var whole []string
	for _, o := range objects {
		if path.Base(o) == manifestName && path.Dir(path.Dir(o)) == path.Clean(s.Prefix) {
			whole = append(whole, path.Base(path.Dir(o)))
		}
	}
	if len(whole) == 0 {
		return "", fmt.Errorf("%w: there is no finished backup in %s", ErrNotFound, s.Prefix)
	}
	return slices.Max(whole), nil
}

// Remove removes a backup, its manifest first: what is left when this is interrupted is no backup.
func (s Store) Remove(ctx context.Context, id string) error {
	if !ids.MatchString(id) {
		return fmt.Errorf("%q is no id of a backup", id)
	}
	if err := s.Target.Delete(ctx, s.object(id, manifestName)); err != nil {
		return fmt.Errorf("remove the manifest of backup %s: %w", id, err)
	}
	objects, err := s.Target.List(ctx, path.Join(s.Prefix, id))
	if err != nil {
		return fmt.Errorf("list backup %s: %w", id, err)
	}
	for _, o := range objects {
		if err := s.Target.Delete(ctx, o); err != nil {
			return fmt.Errorf("remove %s: %w", o, err)
		}
	}
	return nil
}

func (s Store) writeManifest(ctx context.Context, m Manifest) error {
	sealed, err := s.Key.seal(m)
	if err != nil {
		return err
	}
	if err := s.Target.Put(ctx, s.object(m.ID, manifestName), bytes.NewReader(sealed)); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}
