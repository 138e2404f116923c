package settings

import (
	"context"

	"faspex.io/operator/faspex/passwords"
)

// Source is where documents are kept, with a version for each: faspex/store.
type Source interface {
	Settings(ctx context.Context, name string) (document []byte, version int64, err error)
}

// Read reads a document with its version, and the settings that hold.
func Read[T any](ctx context.Context, from Source, name string, defaults T) (T, Document, int64, error) {
	raw, version, err := from.Settings(ctx, name)
	if err != nil {
		return defaults, nil, 0, err
	}
	d, err := ReadDocument(raw)
	if err != nil {
		return defaults, nil, 0, err
	}
	holds, err := Over(d, defaults)
	return holds, d, version, err
}

// ReadConfiguration reads the configuration that holds now. It is read whenever it is needed, so that a change is
// obeyed by the next call, at every replica.
func ReadConfiguration(ctx context.Context, from Source) (Configuration, error) {
	c, _, _, err := Read(ctx, from, NameConfiguration, DefaultConfiguration())
	return c, err
}

// PasswordRule is the server's rule for new passwords.
func (c Configuration) PasswordRule() passwords.Rule {
	return passwords.Rule{
		Strong: c.UseStrongPassword, Expression: c.StrongPasswordRegex, Text: c.StrongPasswordRequirements,
	}
}
