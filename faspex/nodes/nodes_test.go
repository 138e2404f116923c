package nodes_test

import (
	"errors"
	"testing"

	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/nodes"
	"faspex.io/operator/faspex/store"
)

func dialer(t *testing.T, current, old string) *nodes.Dialer {
	t.Helper()
	ring, err := keyring.New(current, old)
	if err != nil {
		t.Fatal(err)
	}
	return nodes.NewDialer(ring)
}

func TestPasswordOverRotations(t *testing.T) {
	first := dialer(t, "the first secret", "")
	sealed, err := first.Seal("u", "hush")
	if err != nil {
		t.Fatal(err)
	}
	n := store.Node{ID: 1, Name: "n", Host: "h", APIPort: 9092, APIUsername: "u", APIPassword: sealed, UseSSL: true,
		VerifySSL: true}
	if _, needed, err := first.Reseal(n); err != nil || needed {
		t.Errorf("current secret: reseal needed %v, %v", needed, err)
	}
	second := dialer(t, "the second secret", "the first secret")
	again, needed, err := second.Reseal(n)
	if err != nil || !needed {
		t.Fatalf("previous secret: reseal needed %v, %v", needed, err)
	}
	third := dialer(t, "the third secret", "the second secret")
	if _, err := third.Client(n); !errors.Is(err, keyring.ErrSealed) {
		t.Errorf("never sealed anew: %v", err)
	}
	n.APIPassword = again
	if password, err := third.Password(n); err != nil || password != "hush" {
		t.Errorf("sealed anew: %q, %v", password, err)
	}
	if _, err := third.Client(n); err != nil {
		t.Errorf("client: %v", err)
	}
	n.APIUsername = "other"
	if _, err := third.Password(n); !errors.Is(err, keyring.ErrSealed) {
		t.Errorf("password of another user: %v", err)
	}
}
