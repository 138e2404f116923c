package transfernode_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

var made = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func TestTokenKeys(t *testing.T) {
	const name = "k20260102T030405-abababab"
	data, err := desired.TokenKeys(made, bytes.NewReader(bytes.Repeat([]byte{0xab}, 64)))
	if err != nil {
		t.Fatal(err)
	}
	if got := string(data["active"]); got != name {
		t.Errorf("active is %q", got)
	}
	if got, want := string(data[name]), base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xab}, 32)); got != want {
		t.Errorf("key is %q, want %q", got, want)
	}
	for name, test := range map[string]struct {
		data map[string][]byte
		want bool
	}{
		"as made":        {data, true},
		"empty":          {nil, false},
		"active unknown": {map[string][]byte{"active": []byte("k2"), name: data[name]}, false},
		"short":          {map[string][]byte{"active": []byte("k"), "k": []byte("YWJj")}, false},
		"not base64":     {map[string][]byte{"active": []byte("k"), "k": []byte("***")}, false},
	} {
		if got := desired.ValidTokenKeys(test.data); got != test.want {
			t.Errorf("%s: valid is %t, want %t", name, got, test.want)
		}
	}
	if _, err := desired.TokenKeys(made, bytes.NewReader(nil)); err == nil {
		t.Error("no error without randomness")
	}
}

// TestTokenKeysTurn follows a node for years, second by second when something is due: there are never more than two
// keys, a key seals tokens only when every machine has had time to get it, and what it sealed is good for the overlap.
func TestTokenKeysTurn(t *testing.T) {
	rotation := desired.TokenKeyRotation{Every: 30 * 24 * time.Hour, Overlap: 24 * time.Hour}
	data, err := desired.TokenKeys(made, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now, seen := made, map[string]time.Time{string(data["active"]): made}
	sealedUntil := map[string]time.Time{}
	turns := 0
	for now.Before(made.AddDate(2, 0, 0)) {
		before := maps.Clone(data)
		turned, err := rotation.Turn(data, now, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if !maps.EqualFunc(before, data, bytes.Equal) {
			t.Fatal("what was given is changed")
		}
		again, err := rotation.Turn(turned, now, rand.Reader)
		if err != nil || !maps.EqualFunc(turned, again, bytes.Equal) {
			t.Fatalf("%s: what is turned turns again at once (%v)", now, err)
		}
		if !desired.ValidTokenKeys(turned) || len(turned) > 3 {
			t.Fatalf("%s: keys are %v", now, slices.Collect(maps.Keys(turned)))
		}
		former, active := string(data["active"]), string(turned["active"])
		for id := range turned {
			if _, known := seen[id]; !known && id != "active" {
				seen[id] = now
			}
		}
		if active != former {
			turns++
			sealedUntil[former] = now
			if had := now.Sub(seen[active]); had < 10*time.Minute {
				t.Errorf("key %s seals tokens after %s", active, had)
			}
		}
		for id := range data {
			if _, kept := turned[id]; !kept && now.Sub(sealedUntil[id]) < rotation.Overlap {
				t.Errorf("key %s is gone %s after it sealed", id, now.Sub(sealedUntil[id]))
			}
		}
		data = turned
		wait := rotation.Next(data, now)
		if wait <= 0 || wait > rotation.Every {
			t.Fatalf("%s: the next look is after %s", now, wait)
		}
		now = now.Add(wait)
	}
	if turns < 24 || turns > 25 {
		t.Errorf("keys turned %d times in two years", turns)
	}
}

// What the former key sealed is good for the overlap also where the operator was away when the new one was due.
func TestTokenKeysTurnLate(t *testing.T) {
	rotation := desired.TokenKeyRotation{Every: 30 * 24 * time.Hour, Overlap: 24 * time.Hour}
	data, err := desired.TokenKeys(made, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first := string(data["active"])
	turn := func(now time.Time) {
		t.Helper()
		if data, err = rotation.Turn(data, now, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	turn(made.Add(rotation.Every))
	back := made.Add(rotation.Every + 10*24*time.Hour)
	turn(back)
	if string(data["active"]) != first || len(data) != 3 {
		t.Errorf("after the operator is back, %s is active of %v", data["active"], slices.Collect(maps.Keys(data)))
	}
	sealed := back.Add(rotation.Next(data, back))
	turn(sealed)
	if string(data["active"]) == first {
		t.Error("the new key is not active")
	}
	for now := sealed; now.Before(sealed.Add(rotation.Overlap)); now = now.Add(rotation.Next(data, now)) {
		if turn(now); data[first] == nil {
			t.Fatalf("the former key is gone after %s", now.Sub(sealed))
		}
	}
	turn(sealed.Add(rotation.Overlap + time.Hour))
	if data[first] != nil || len(data) != 2 {
		t.Errorf("after the overlap there are %v", slices.Collect(maps.Keys(data)))
	}
}

// Keys whose names tell no time are older than all others; keys that must not turn stay.
func TestTokenKeysOfPeople(t *testing.T) {
	key := []byte(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	data := map[string][]byte{"active": []byte("mine"), "mine": key}
	rotation := desired.TokenKeyRotation{Every: time.Hour, Overlap: 10 * time.Minute}
	added, err := rotation.Turn(data, made, rand.Reader)
	if err != nil || len(added) != 3 || string(added["active"]) != "mine" {
		t.Errorf("%d entries, active is %s (%v)", len(added), added["active"], err)
	}
	for name, never := range map[string]desired.TokenKeyRotation{"kept": {Overlap: time.Hour}} {
		if got, err := never.Turn(data, made, rand.Reader); err != nil || len(got) != 2 || never.Next(data, made) != 0 {
			t.Errorf("%s: turned to %d entries (%v)", name, len(got), err)
		}
	}
	want := []v1alpha1.TokenKeyStatus{
		{ID: "k20260102T030405-abababab", Use: v1alpha1.TokenKeyNext, CreatedAt: &metav1.Time{Time: made}},
		{ID: "mine", Use: v1alpha1.TokenKeyActive},
	}
	status := desired.TokenKeyStatus(map[string][]byte{"active": []byte("mine"), "mine": key, want[0].ID: key})
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}

func TestTokenKeyRotationOf(t *testing.T) {
	node := minimal()
	if got := desired.TokenKeyRotationOf(node); got.Every != 90*24*time.Hour || got.Overlap != 7*24*time.Hour {
		t.Errorf("default is %+v", got)
	}
	node.Spec.TokenKeys = &v1alpha1.TokenKeyRotation{
		RotateEvery: &metav1.Duration{}, Overlap: &metav1.Duration{Duration: time.Hour},
	}
	if got := desired.TokenKeyRotationOf(node); got != (desired.TokenKeyRotation{Overlap: time.Hour}) {
		t.Errorf("got %+v", got)
	}
}

// TestTokenKeysTurnAtATime: once, when the time has come, also where they turn at no age.
func TestTokenKeysTurnAtATime(t *testing.T) {
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	data, err := desired.TokenKeys(made, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	first := string(data[desired.TokenKeyActive])
	r := desired.TokenKeyRotation{Overlap: time.Hour, At: made.Add(10 * time.Hour)}
	at := made
	turn := func(after time.Duration) (active string, keys int) {
		t.Helper()
		at = at.Add(after)
		if data, err = r.Turn(data, at, rand.Reader); err != nil {
			t.Fatal(err)
		}
		return string(data[desired.TokenKeyActive]), len(data) - 1
	}
	if active, keys := turn(9 * time.Hour); active != first || keys != 1 || r.Next(data, at) != time.Hour {
		t.Errorf("before the time: %d keys, next in %s", keys, r.Next(data, at))
	}
	if active, keys := turn(time.Hour); active != first || keys != 2 || r.Next(data, at) != 10*time.Minute {
		t.Errorf("at the time: %d keys, next in %s", keys, r.Next(data, at))
	}
	second, keys := turn(10 * time.Minute)
	if second == first || keys != 2 {
		t.Errorf("when every machine has the new key: %d keys", keys)
	}
	if active, keys := turn(time.Hour + 20*time.Minute); active != second || keys != 1 || r.Next(data, at) != 0 {
		t.Errorf("after the overlap: %d keys, next in %s", keys, r.Next(data, at))
	}
}
