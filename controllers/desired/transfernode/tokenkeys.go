package transfernode

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
)

// TokenKeyActive is the entry of the Secret of token keys that holds the id of the one that seals new
// tokens. Every other entry is a key.
const TokenKeyActive = "active"

const (
	tokenKeyBytes   = 32
	tokenKeyIDBytes = 4
	// tokenKeyTime is how the id of a key tells when it was made: k20260102T150405-1a2b3c4d.
	tokenKeyTime = "20060102T150405"
	// tokenKeySpread is how long a new key is only opened with before tokens are sealed with it. The kubelet of a machine
	// needs about two minutes at most to give it to its pod, and a token has to be good on every machine.
	tokenKeySpread = 10 * time.Minute
	// tokenKeyLate is how much later than that a new key may be made active. The Secret does not say when that was: the
	// time of the former keys is counted from the latest that it can have been.
	tokenKeyLate = 10 * time.Minute

	defaultRotateEvery = 90 * 24 * time.Hour
	defaultOverlap     = 7 * 24 * time.Hour
)

// TokenKeys makes the first token encryption key of a node: its id under "active", and under the id 32 random bytes in
// standard base64.
func TokenKeys(now time.Time, random io.Reader) (map[string][]byte, error) {
	id, key, err := newTokenKey(now, random)
	if err != nil {
		return nil, err
	}
	return map[string][]byte{TokenKeyActive: []byte(id), id: key}, nil
}

func newTokenKey(now time.Time, random io.Reader) (string, []byte, error) {
	id, key := make([]byte, tokenKeyIDBytes), make([]byte, tokenKeyBytes)
	for _, b := range [][]byte{id, key} {
		if _, err := io.ReadFull(random, b); err != nil {
			return "", nil, fmt.Errorf("token key: %w", err)
		}
	}
	name := "k" + now.UTC().Format(tokenKeyTime) + "-" + hex.EncodeToString(id)
	return name, []byte(base64.StdEncoding.EncodeToString(key)), nil
}

// tokenKeyMade is when a key was made; the zero time if its id does not tell, so that such a key is older than others.
func tokenKeyMade(id string) time.Time {
	stamp, _, _ := strings.Cut(strings.TrimPrefix(id, "k"), "-")
	made, err := time.Parse(tokenKeyTime, stamp)
	if err != nil {
		return time.Time{}
	}
	return made
}

// ValidTokenKeys reports whether data names an active key that is there and whole.
func ValidTokenKeys(data map[string][]byte) bool {
	key, err := base64.StdEncoding.DecodeString(string(data[string(data[TokenKeyActive])]))
	return err == nil && len(key) == tokenKeyBytes
}

// TokenKeyRotation says how often token keys turn and how long a former one is good.
type TokenKeyRotation struct {
	Every, Overlap time.Duration
	// At is when they turn once more; the zero time is never.
	At time.Time
}

// due tells whether a key that was made at a time has to be followed by another.
func (r TokenKeyRotation) due(made, now time.Time) bool {
	return r.Every > 0 && now.Sub(made) >= r.Every || r.At.After(made) && !now.Before(r.At)
}

// TokenKeyRotationOf is what the spec of node says, with defaults: a new key every 90 days, the former one is good for
// 7 more. Every is 0 where keys do not turn.
func TokenKeyRotationOf(node *v1alpha1.TransferNode) TokenKeyRotation {
	rotation := TokenKeyRotation{Every: defaultRotateEvery, Overlap: defaultOverlap}
	if given := node.Spec.TokenKeys; given != nil {
		if given.RotateEvery != nil {
			rotation.Every = given.RotateEvery.Duration
		}
		if given.Overlap != nil {
			rotation.Overlap = given.Overlap.Duration
		}
	}
	return rotation
}

// Turn gives what the Secret of valid token keys shall hold at now: a new key is made when the active one is old,
// seals tokens when every machine has it, and the former ones go when what they sealed has had its time. A new key that
// was not made active in time, because the operator was away, is replaced. It returns data itself while nothing is due.
func (r TokenKeyRotation) Turn(data map[string][]byte, now time.Time, random io.Reader) (map[string][]byte, error) {
	if r.Every == 0 && r.At.IsZero() || !ValidTokenKeys(data) {
		return data, nil
	}
	active, next := string(data[TokenKeyActive]), nextTokenKey(data)
	turned := maps.Clone(data)
	if now.Sub(tokenKeyMade(active)) >= tokenKeySpread+tokenKeyLate+r.Overlap {
		for id := range data {
			if id != TokenKeyActive && tokenKeyMade(id).Before(tokenKeyMade(active)) {
				delete(turned, id)
			}
		}
	}
	waited := now.Sub(tokenKeyMade(next))
	switch {
	case next == "" && !r.due(tokenKeyMade(active), now), next != "" && waited < tokenKeySpread:
	case next != "" && waited <= tokenKeySpread+tokenKeyLate:
		turned[TokenKeyActive] = []byte(next)
	default:
		id, key, err := newTokenKey(now, random)
		if err != nil {
			return nil, err
		}
		delete(turned, next)
		turned[id] = key
	}
	return turned, nil
}

// Next is how long after now Turn has something to do; 0 if never.
func (r TokenKeyRotation) Next(data map[string][]byte, now time.Time) time.Duration {
	if !ValidTokenKeys(data) {
		return 0
	}
	made := tokenKeyMade(string(data[TokenKeyActive]))
	var due time.Time
	sooner := func(at time.Time) {
		if due.IsZero() || at.Before(due) {
			due = at
		}
	}
	if next := nextTokenKey(data); next != "" {
		sooner(tokenKeyMade(next).Add(tokenKeySpread))
	} else {
		if r.Every > 0 {
			sooner(made.Add(r.Every))
		}
		if r.At.After(made) {
			sooner(r.At)
		}
		if len(data) > 2 && (r.Every > 0 || !r.At.IsZero()) {
			sooner(made.Add(tokenKeySpread + tokenKeyLate + r.Overlap))
		}
	}
	if due.IsZero() {
		return 0
	}
	return max(due.Sub(now), time.Second)
}

// nextTokenKey is the newest key that is younger than the active one; empty if there is none.
func nextTokenKey(data map[string][]byte) string {
	newest := string(data[TokenKeyActive])
	for id := range data {
		if id != TokenKeyActive && tokenKeyMade(id).After(tokenKeyMade(newest)) {
			newest = id
		}
	}
	if newest == string(data[TokenKeyActive]) {
		return ""
	}
	return newest
}

// TokenKeyStatus is what the status tells about the keys in data, in the order of their ids.
func TokenKeyStatus(data map[string][]byte) []v1alpha1.TokenKeyStatus {
	var list []v1alpha1.TokenKeyStatus
	active := string(data[TokenKeyActive])
	for id := range data {
		if id == TokenKeyActive {
			continue
		}
		key := v1alpha1.TokenKeyStatus{ID: id, Use: v1alpha1.TokenKeyFormer}
		made := tokenKeyMade(id)
		switch {
		case id == active:
			key.Use = v1alpha1.TokenKeyActive
		case made.After(tokenKeyMade(active)):
			key.Use = v1alpha1.TokenKeyNext
		}
		if !made.IsZero() {
			key.CreatedAt = &metav1.Time{Time: made}
		}
		list = append(list, key)
	}
	slices.SortFunc(list, func(a, b v1alpha1.TokenKeyStatus) int { return strings.Compare(a.ID, b.ID) })
	return list[:min(len(list), maxTokenKeys)]
}

// maxTokenKeys is the API's limit for status.tokenKeys.
const maxTokenKeys = 16
