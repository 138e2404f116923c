package token

import "context"

type addressKey struct{}

// WithAddress notes the IP address of the client that a secret comes from: failed logins are counted by it too.
func WithAddress(ctx context.Context, address string) context.Context {
	return context.WithValue(ctx, addressKey{}, address)
}

// AddressOf is the address that WithAddress noted, or "".
func AddressOf(ctx context.Context) string {
	address, _ := ctx.Value(addressKey{}).(string)
	return address
}
