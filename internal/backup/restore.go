package backup

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"faspex.io/operator/internal/version"
)

// ErrRefused says that a restore was refused before anything was changed; trying again does not help.
var ErrRefused = errors.New("the restore is refused")

// Restore says where a backup goes.
type Restore struct {
	// Faspex is where the database of the instance goes.
	Faspex string
	// Namespace of the instance: databases of nodes are called by it and the node's name (NodeDatabase).
	Namespace string
	// Version of Faspex that shall use the data; empty when nobody knows.
	Version string
	// CoreKeys, if not nil, are core's keys that the instance has already: they have to be those of the backup.
	CoreKeys map[string][]byte
	// CoreKeysName is the name of the Secret that they are in.
	CoreKeysName string
}

func (r Restore) database(role string) string {
	if node, ok := strings.CutPrefix(role, nodePrefix); ok {
		return NodeDatabase(r.Namespace, node)
	}
	return r.Faspex
}

// Restore loads a backup into databases that are empty, or that an attempt before left unfinished. All of the backup is
// read and checked before the first statement. Databases of nodes come first and the instance's last, together with the
// encrypted Secrets, so that a marker there (MarkerOf) tells that everything is loaded.
func (s Store) Restore(ctx context.Context, server Server, id string, r Restore) (Manifest, error) {
	m, err := s.Manifest(ctx, id)
	if err != nil {
		return m, refuse(err)
	}
	if err := s.judge(m, r); err != nil {
		return m, err
	}
	db, err := server.open()
	if err != nil {
		return m, err
	}
	defer db.Close()
	isFaspex := func(p Part) bool { return p.Role == RoleFaspex }
	last := slices.IndexFunc(m.Databases, isFaspex)
	parts := append(slices.DeleteFunc(slices.Clone(m.Databases), isFaspex), m.Databases[last])
	for _, p := range parts {
		if err := mayLoad(ctx, db, r.database(p.Role)); err != nil {
			return m, err
		}
	}
	if err := s.Verify(ctx, m); err != nil {
		return m, refuse(err)
	}
	sealed, err := s.sealedSecrets(ctx, m)
	if err != nil {
		return m, refuse(err)
	}
	for _, p := range parts {
		if err := s.loadPart(ctx, server, db, m, p, r.database(p.Role), sealed); err != nil {
			return m, fmt.Errorf("load the database of %s: %w", p.Role, err)
		}
	}
	return m, nil
}

// refuse marks errors that no further attempt mends.
func refuse(err error) error {
	if errors.Is(err, ErrNotFound) || errors.Is(err, ErrKey) || errors.Is(err, ErrDamaged) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// judge compares a backup with where it shall go.
func (s Store) judge(m Manifest, r Restore) error {
	switch step, next := version.StepTo(m.Faspex, r.Version); step {
	case version.Older:
		return fmt.Errorf("%w: the backup is of version %s, and version %s is older: it cannot use that data. Restore with "+
			"version %s or a later one", ErrRefused, m.Faspex, r.Version, m.Faspex)
	case version.LeavesOut:
		return fmt.Errorf("%w: the backup is of version %s, which version %s cannot follow: restore with version %s or %d "+
			"first", ErrRefused, m.Faspex, r.Version, m.Faspex, next)
	case version.Follows:
	}
	if r.CoreKeys == nil {
		return nil
	}
	has, err := s.Key.FingerprintAs(m, r.CoreKeys)
	if err != nil {
		return refuse(err)
	}
	if has != m.CoreKeys {
		return fmt.Errorf("%w: Secret %s holds other keys than core had when the backup was made: "+
			"they could not read it. Delete that Secret if nothing needs it any more, or restore under another name",
			ErrRefused, r.CoreKeysName)
	}
	return nil
}

// mayLoad refuses a database that holds something other than what an attempt before left.
func mayLoad(ctx context.Context, db *sql.DB, database string) error {
	marker, err := MarkerOf(ctx, db, database)
	if err != nil {
		return err
	}
	if marker != nil && marker.State != StateDone {
		return nil
	}
	var tables int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_SCHEMA = ?",
		database).Scan(&tables); err != nil {
		return fmt.Errorf("look into database %s: %w", database, err)
	}
	if tables > 0 {
		return fmt.Errorf("%w: database %s holds data already: a backup is restored into a new instance only",
			ErrRefused, database)
	}
	return nil
}

// loadPart makes the database anew and loads it, unless it was loaded already. What runs the statements is a user with
// rights on this database alone, whatever they say.
func (s Store) loadPart(ctx context.Context, server Server, db *sql.DB, m Manifest, p Part, database string,
	sealed []byte) error {
	marker, err := MarkerOf(ctx, db, database)
	if err != nil {
		return err
	}
	if marker != nil && marker.Backup == m.ID && marker.State == StateLoaded {
		return nil
	}
	if err := begin(ctx, db, database, m); err != nil {
		return err
	}
	loader, drop, err := s.loader(ctx, server, db, database)
	if err != nil {
		return err
	}
	defer drop()
	err = s.readPart(ctx, m.ID, p, func(r io.Reader) error {
		plain, err := s.decode(r)
		if err != nil {
			return err
		}
		defer plain.Close() // the program has read it
		return loader.load(ctx, database, plain)
	})
	if err != nil {
		return err
	}
	if p.Role != RoleFaspex {
		sealed = nil
	}
	return loaded(ctx, db, database, m.ID, sealed)
}

// loader makes a user for one database, in place of the one that a killed attempt left, and says how to drop it.
func (s Store) loader(ctx context.Context, server Server, db *sql.DB, database string) (Server, func(), error) {
	digest := sha256.Sum256([]byte(database))
	name, password := "restore_"+hex.EncodeToString(digest[:6]), rand.Text()
	user := quote(name) + "@'%'"
	for _, statement := range []string{
		"CREATE OR REPLACE USER " + user + " IDENTIFIED BY '" + password + "'", // both are letters and digits
		"GRANT ALL PRIVILEGES ON " + quotePattern(database) + ".* TO " + user,
	} {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			return Server{}, nil, fmt.Errorf("make a user for the restore: %w", err)
		}
	}
	drop := func() {
		// The user is of no use to anybody: nobody has its password when this program ends.
		_, _ = db.ExecContext(context.WithoutCancel(ctx), "DROP USER IF EXISTS "+user)
	}
	return server.as(name, password), drop, nil
}
