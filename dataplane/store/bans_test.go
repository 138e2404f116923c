package store_test

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/test/mariadbd"
)

// cluster is two nodes of one database with the access key "ak", whose secret is "right".
func cluster(t *testing.T) (one, other *store.Store) {
	t.Helper()
	db := mariadbd.Start(t).Database(t)
	var nodes [2]*store.Store
	for i := range nodes {
		s, err := store.New(db)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		nodes[i] = s
	}
	if err := nodes[0].Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := nodes[0].CreateAccessKey(t.Context(), store.AccessKey{ID: "ak", StoragePath: "/"}, "right"); err != nil {
		t.Fatal(err)
	}
	return nodes[0], nodes[1]
}

func share(t *testing.T, nodes ...*store.Store) {
	t.Helper()
	for _, s := range nodes {
		if err := store.ShareBansOnce(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

func failTooOften(t *testing.T, s *store.Store, address, id string) {
	t.Helper()
	for i := range store.MaxFailures {
		if err := login(t, s, address, id, fmt.Sprint("wrong", i)); !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
}

func TestBansHoldOnAllNodesUntilTheyAreLifted(t *testing.T) {
	one, other := cluster(t)
	for i, id := range []string{"ak", "nobody", "n\xff\n"} {
		failTooOften(t, one, fmt.Sprint("192.0.2.", i), id)
	}
	share(t, one, other)
	for _, id := range []string{"ak", "nobody", "n\xff\n"} {
		var refused token.ThrottledError
		err := login(t, other, "198.51.100.1", id, "right")
		if !errors.As(err, &refused) || refused.RetryAfter <= 0 || refused.RetryAfter > store.ThrottleWindow {
			t.Errorf("%q at the other node: %v, wait %v", id, err, refused.RetryAfter)
		}
	}
	bans, err := other.Bans(t.Context())
	if err != nil || len(bans) != 4 || bans[0].Failures != store.MaxFailures {
		t.Fatalf("bans = %+v, %v", bans, err)
	}
	// Right credentials do not make a ban longer.
	share(t, one, other)
	again, err := other.Bans(t.Context())
	if diff := cmp.Diff(bans, again); diff != "" || err != nil {
		t.Errorf("after more logins: %s, %v", diff, err)
	}
	if n, err := other.LiftBans(t.Context(), store.BanFilter{Account: "ak"}); n != 2 || err != nil {
		t.Errorf("lifted %d, %v", n, err)
	}
	share(t, one, other)
	for name, s := range map[string]*store.Store{"one": one, "other": other} {
		if err := login(t, s, "198.51.100.1", "ak", "right"); err != nil {
			t.Errorf("%s node after the end of the ban: %v", name, err)
		}
		if err := login(t, s, "198.51.100.1", "nobody", "right"); !errors.Is(err, token.ErrThrottled) {
			t.Errorf("%s node: another's ban is lifted too: %v", name, err)
		}
	}
	// Failures count anew, and ban anew.
	failTooOften(t, one, "192.0.2.7", "ak")
	share(t, one, other)
	if err := login(t, other, "192.0.2.7", "ak", "right"); !errors.Is(err, token.ErrThrottled) {
		t.Errorf("a second ban: %v", err)
	}
}

func TestBansEndWithTheSecret(t *testing.T) {
	one, other := cluster(t)
	failTooOften(t, one, "192.0.2.1", "ak")
	failTooOften(t, one, "192.0.2.1", "new")
	share(t, one, other)
	secret := "other"
	if err := one.UpdateAccessKey(t.Context(), "ak", store.AccessKeyChange{Secret: &secret}); err != nil {
		t.Fatal(err)
	}
	if err := one.CreateAccessKey(t.Context(), store.AccessKey{ID: "new", StoragePath: "/"}, secret); err != nil {
		t.Fatal(err)
	}
	share(t, other, one)
	for _, s := range []*store.Store{one, other} {
		for _, id := range []string{"ak", "new"} {
			if err := login(t, s, "192.0.2.1", id, secret); err != nil {
				t.Errorf("%s with its new secret: %v", id, err)
			}
		}
	}
}

func TestBansAreNotForSafeAddresses(t *testing.T) {
	one, other := cluster(t)
	for _, s := range []*store.Store{one, other} {
		s.Throttle().Limit(store.LoginLimits{Failures: 3, Safe: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}})
	}
	for i := range 10 {
		if err := login(t, one, "10.1.2.3", "ak", fmt.Sprint("wrong", i)); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("try %d from a safe address: %v", i, err)
		}
	}
	share(t, one)
	if bans, err := one.Bans(t.Context()); len(bans) != 0 || err != nil {
		t.Errorf("failures of a safe address ban: %+v, %v", bans, err)
	}
	for i := range 4 {
		_ = login(t, one, "192.0.2.1", "ak", fmt.Sprint("wrong", i))
	}
	share(t, one, other)
	for _, s := range []*store.Store{one, other} {
		if err := login(t, s, "192.0.2.2", "ak", "right"); !errors.Is(err, token.ErrThrottled) {
			t.Errorf("another address: %v", err)
		}
		if err := login(t, s, "::ffff:10.9.9.9", "ak", "right"); err != nil {
			t.Errorf("a safe address is refused: %v", err)
		}
	}
}

// A flood of failed logins is no flood of writes: a row for each subject that is banned, and a bounded number of them.
func TestBansOfAFloodAreFew(t *testing.T) {
	one, _ := cluster(t)
	one.Throttle().Limit(store.LoginLimits{Failures: 2, AddressFailures: 1 << 20})
	for i := range 1000 {
		for range 3 {
			_, _ = one.Throttle().Compare(fmt.Sprint("name", i), "192.0.2.1", "wrong", "right")
		}
	}
	share(t, one)
	share(t, one)
	if bans, err := one.Bans(t.Context()); len(bans) != store.MaxSharedAtOnce || err != nil {
		t.Errorf("%d bans are shared, %v", len(bans), err)
	}
	if _, err := one.Throttle().Compare("name999", "192.0.2.1", "right", "right"); !errors.Is(err, token.ErrThrottled) {
		t.Errorf("who is not shared is let in here: %v", err)
	}
}

func TestBansOutliveTheDatabase(t *testing.T) {
	one, other := cluster(t)
	failTooOften(t, one, "192.0.2.1", "ak")
	share(t, one, other)
	later := time.Now().Add(store.ThrottleWindow / 2)
	store.SetThrottleClock(other, func() time.Time { return later })
	if err := login(t, other, "192.0.2.9", "ak", "right"); !errors.Is(err, token.ErrThrottled) {
		t.Errorf("without another look at the database: %v", err)
	}
	end := later.Add(store.ThrottleWindow)
	store.SetThrottleClock(other, func() time.Time { return end })
	if err := login(t, other, "192.0.2.9", "ak", "right"); err != nil {
		t.Errorf("when the ban is over: %v", err)
	}
}
