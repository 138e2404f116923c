package store

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"net/netip"
	"sync"
	"time"

	"faspex.io/operator/dataplane/token"
)

const (
	// throttleWindow is how long a failed login counts.
	throttleWindow = 15 * time.Minute
	// maxFailures is for one account, from all addresses that are not known for it together, and for each that is. An address is known
	// once a login of the account from it was right, so that strangers can't lock the account's own clients out.
	maxFailures = 20
	// maxAddressFailures is for one address, whatever the account: an organisation may have a single one.
	maxAddressFailures = 1000
	// maxSubjects bounds the memory for accounts that do not exist, and for addresses.
	maxSubjects = 1 << 14
	// cleanInterval is how often subjects whose window is over are looked for when there are too many.
	cleanInterval = time.Minute
	// maxAccountName is the longest name that an access key can have.
	maxAccountName = 128
)

// Throttle counts failed logins of this node. A login takes its place in the count before its secret is looked at, and gives it back when
// the secret was right: tries at the same time are no more than tries one after the other (TestCheckSecretCountsParallelTries).
type Throttle struct {
	mu  sync.Mutex
	now func() time.Time
	// accounts are counted for addresses that are not known, known for an account and an address of its own.
	accounts, known, addresses counts
}

// counts are those of subjects of one kind.
type counts struct {
	of      map[string]*failures
	limit   int
	cleaned time.Time
}

// failures are those of one window, with the logins that are still being looked at.
type failures struct {
	n, limit int
	since    time.Time
	// secret tells the account's secrets apart: with another one, the count begins anew. Clients that had it too early are let in.
	secret string
}

func newThrottle() *Throttle {
	of := func(limit int) counts { return counts{of: map[string]*failures{}, limit: limit} }
	return &Throttle{now: time.Now, accounts: of(maxFailures), known: of(maxFailures), addresses: of(maxAddressFailures)}
}

// place is a login's place in the counts.
type place struct {
	taken []*failures
	known string
}

// take takes a place for a login, or refuses with token.ErrThrottled. Nobody can tell from it whether the account exists:
// secret is what tells the account's present secret from others, "" if there is no such account.
func (t *Throttle) take(account, address, secret string) (*place, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.takeLocked(account, address, secret)
}

func (t *Throttle) takeLocked(account, address, secret string) (*place, error) {
	if len(account) > maxAccountName {
		account = account[:maxAccountName]
	}
	now, where := t.now(), network(address)
	p := &place{}
	if where != "" && secret != "" {
		p.known = account + "\x00" + where
	}
	own := t.known.of[p.known]
	if own != nil {
		p.taken = []*failures{own} // The account's own client pays for nobody else at its address.
	} else {
		if where != "" {
			p.taken = append(p.taken, t.addresses.find(where, now, false))
		}
		own = t.accounts.find(account, now, secret != "")
		p.taken = append(p.taken, own)
	}
	if own != nil && own.secret != secret {
		own.n, own.secret = 0, secret
	}
	for _, f := range p.taken {
		if f == nil || f.full(now) {
			return nil, token.ErrThrottled
		}
	}
	for _, f := range p.taken {
		f.n++
	}
	return p, nil
}

// full reports whether a subject has failed too often in its window. It begins a new window when the former is over.
func (f *failures) full(now time.Time) bool {
	if now.Sub(f.since) >= throttleWindow {
		f.n, f.since = 0, now
	}
	return f.n >= f.limit
}

// find is the count of a subject. There is none for a new subject when too many are counted already, unless it must have one.
func (c *counts) find(subject string, now time.Time, must bool) *failures {
	if f := c.of[subject]; f != nil {
		return f
	}
	if len(c.of) >= maxSubjects && now.Sub(c.cleaned) >= cleanInterval {
		c.cleaned = now
		maps.DeleteFunc(c.of, func(_ string, f *failures) bool { return now.Sub(f.since) >= throttleWindow })
	}
	if len(c.of) >= maxSubjects && !must {
		return nil
	}
	f := &failures{since: now, limit: c.limit}
	c.of[subject] = f
	return f
}

// right gives a place back and remembers the address as one of the account's own.
func (t *Throttle) right(p *place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rightLocked(p)
}

func (t *Throttle) rightLocked(p *place) {
	p.giveBack()
	if p.known != "" {
		t.known.find(p.known, t.now(), false)
	}
}

// undecided gives back the place of a login whose secret was not looked at.
func (t *Throttle) undecided(p *place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	p.giveBack()
}

func (p *place) giveBack() {
	for _, f := range p.taken {
		f.n = max(0, f.n-1)
	}
}

// Compare is a login with a secret that is not hashed: it refuses with token.ErrThrottled, or reports whether the secret is the wanted one.
func (t *Throttle) Compare(account, address, secret, wanted string) (bool, error) {
	given, right := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(wanted))
	t.mu.Lock()
	defer t.mu.Unlock()
	p, err := t.takeLocked(account, address, string(right[:]))
	if err != nil || subtle.ConstantTimeCompare(given[:], right[:]) != 1 {
		return false, err
	}
	t.rightLocked(p)
	return true, nil
}

// network is what an address is counted as: a whole /64 of IPv6 belongs to one client.
func network(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	a = a.Unmap().WithZone("")
	if a.Is6() {
		p, _ := a.Prefix(64)
		return p.String()
	}
	return a.String()
}
