package store

import (
	"crypto/sha256"
	"crypto/subtle"
	"maps"
	"net/netip"
	"strings"
	"sync"
	"time"

	"faspex.io/operator/dataplane/token"
)

const (
	// throttleWindow is how long a failed login counts.
	throttleWindow = 15 * time.Minute
	// maxFailures is for one account, from all addresses that are not known for it together, and for each
	// that is. An address is known once a login of the account from it was right, so that strangers can't
	// lock the account's own clients out.
	maxFailures = 20
	// maxAddressFailures is for one address, whatever the account: an organisation may have a single one.
	maxAddressFailures = 1000
	// maxSubjects bounds the memory for accounts that do not exist, and for addresses.
	maxSubjects = 1 << 14
	// cleanInterval is how often subjects whose window is over are looked for when there are too many.
	cleanInterval = time.Minute
	// maxAccountName is the longest name that an access key can have.
	maxAccountName = 128
	// undecidedPause is what a client is told to wait for when logins that are still being looked at decide about its own.
	undecidedPause = time.Second
)

// Throttle counts failed logins of this node. A login takes its place in the count before its secret is
// looked at, and gives it back when the secret was right: tries at the same time are no more than tries one
// after the other (TestCheckSecretCountsParallelTries). A subject that has failed too often is banned for a
// while, on all nodes (Store.ShareBans).
type Throttle struct {
	mu     sync.Mutex
	now    func() time.Time
	limits LoginLimits
	// accounts are counted for addresses that are not known, clients for an account and one address.
	accounts, clients, addresses counts
	// banned are those that were banned here and that other nodes don't know of yet, lifted those whose bans end early.
	banned, lifted []*failures
	// shared are those that all nodes refuse.
	shared map[subject]*failures
}

// LoginLimits are what is held against failed logins; zero fields are the defaults.
type LoginLimits struct {
	// Window is how long a failure counts, and how long a subject that has failed too often is refused.
	Window time.Duration
	// Failures is for an account, AddressFailures for an address whatever the account.
	Failures, AddressFailures int
	// Safe are networks whose logins are not counted and never refused.
	Safe []netip.Prefix
}

func (l LoginLimits) withDefaults() LoginLimits {
	if l.Window <= 0 {
		l.Window = throttleWindow
	}
	if l.Failures <= 0 {
		l.Failures = maxFailures
	}
	if l.AddressFailures <= 0 {
		l.AddressFailures = maxAddressFailures
	}
	return l
}

// counts are those of subjects of one kind.
type counts struct {
	of      map[subject]*failures
	kind    BanKind
	cleaned time.Time
}

// subject is whom failures are held against.
type subject struct {
	kind             BanKind
	account, address string
}

// failures are those of one window, with the logins that are still being looked at.
type failures struct {
	subject
	// n includes the logins that are being looked at, wrong does not.
	n, wrong int
	since    time.Time
	// until is when the ban ends, if there is one.
	until time.Time
	// known is set for a client that was right once: it pays for nobody else.
	known bool
	// secret tells the account's secrets apart: with another one, the count begins anew. Clients
	// that had it too early are let in.
	secret string
}

func newThrottle() *Throttle {
	of := func(kind BanKind) counts { return counts{of: map[subject]*failures{}, kind: kind} }
	return &Throttle{
		now: time.Now, limits: LoginLimits{}.withDefaults(),
		accounts: of(BanAccount), clients: of(BanClient), addresses: of(BanAddress), shared: map[subject]*failures{},
	}
}

// Limit sets what is held against failed logins from now on.
func (t *Throttle) Limit(l LoginLimits) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.limits = l.withDefaults()
}

// place is a login's place in the counts.
type place struct {
	taken []*failures
	// client is whom a right login makes known, nil for none.
	client *failures
}

// take takes a place for a login, or refuses with a token.ThrottledError. Nobody can tell from it whether the account
// exists: secret is what tells the account's present secret from others, "" if there is no such account.
func (t *Throttle) take(account, address, secret string) (*place, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.takeLocked(account, address, secret)
}

func (t *Throttle) takeLocked(account, address, secret string) (*place, error) {
	if token.InNetworks(t.limits.Safe, address) {
		return &place{}, nil
	}
	if len(account) > maxAccountName {
		account = strings.Clone(account[:maxAccountName]) // What is remembered must not keep the rest.
	}
	now, where := t.now(), network(address)
	p := &place{}
	// Clients are counted for accounts that exist: names that nobody has must not fill the memory. What is refused does
	// not tell the difference, as the account's count is as high as those of its clients that are not known.
	if where != "" && secret != "" {
		if p.client = t.find(&t.clients, subject{BanClient, account, where}, false); p.client != nil {
			p.taken = append(p.taken, p.client)
		}
	}
	if p.client == nil || !p.client.known {
		if where != "" {
			p.taken = append(p.taken, t.find(&t.addresses, subject{BanAddress, "", where}, false))
		}
		p.taken = append(p.taken, t.find(&t.accounts, subject{BanAccount, account, ""}, secret != ""))
	}
	for _, f := range p.taken {
		if f != nil && f.kind != BanAddress && f.secret != secret {
			t.beginAnew(f, secret)
		}
	}
	for _, f := range p.taken {
		if f == nil {
			return nil, token.ThrottledError{RetryAfter: cleanInterval}
		}
		if wait := t.wait(f, now); wait > 0 {
			return nil, token.ThrottledError{RetryAfter: wait}
		}
	}
	for _, f := range p.taken {
		f.n++
	}
	return p, nil
}

// beginAnew forgets failures with another secret. A ban that came from another node is of a
// secret that is not known here.
func (t *Throttle) beginAnew(f *failures, secret string) {
	if f.secret != "" && f.until.After(t.now()) {
		t.lifted = append(t.lifted, f)
	}
	if f.secret != "" || t.shared[f.subject] != f {
		f.n, f.wrong, f.until = 0, 0, time.Time{}
	}
	f.secret = secret
}

// wait is how long logins of a subject are refused, 0 if they are not. It begins a new window when the former is over.
func (t *Throttle) wait(f *failures, now time.Time) time.Duration {
	switch {
	case f.until.After(now):
		return f.until.Sub(now)
	case !f.until.IsZero(), now.Sub(f.since) >= t.limits.Window:
		f.n, f.wrong, f.since, f.until = 0, 0, now, time.Time{}
	}
	if f.n >= t.limit(f.kind) {
		return undecidedPause
	}
	return 0
}

func (t *Throttle) limit(kind BanKind) int {
	if kind == BanAddress {
		return t.limits.AddressFailures
	}
	return t.limits.Failures
}

// find is the count of a subject. There is none for a new subject when too many are counted
// already, unless it must have one.
func (t *Throttle) find(c *counts, s subject, must bool) *failures {
	if f := c.of[s]; f != nil {
		return f
	}
	now := t.now()
	if len(c.of) >= maxSubjects && now.Sub(c.cleaned) >= cleanInterval {
		c.cleaned = now
		maps.DeleteFunc(c.of, func(_ subject, f *failures) bool {
			return now.Sub(f.since) >= t.limits.Window && !f.until.After(now)
		})
	}
	if len(c.of) >= maxSubjects && !must {
		return nil
	}
	f := &failures{subject: s, since: now}
	c.of[s] = f
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
	if p.client != nil {
		p.client.known = true
	}
}

// wrong keeps a place, and bans who has failed too often.
func (t *Throttle) wrong(p *place) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.wrongLocked(p)
}

func (t *Throttle) wrongLocked(p *place) {
	now := t.now()
	for _, f := range p.taken {
		f.wrong++
		if f.wrong == t.limit(f.kind) {
			f.until = now.Add(t.limits.Window)
			t.banned = append(t.banned, f)
		}
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

// Compare is a login with a secret that is not hashed: it refuses with a token.ThrottledError, or reports
// whether the secret is the wanted one. No secret is wanted, "", where there is no such account.
func (t *Throttle) Compare(account, address, secret, wanted string) (bool, error) {
	given, right := sha256.Sum256([]byte(secret)), sha256.Sum256([]byte(wanted))
	present := ""
	if wanted != "" {
		present = string(right[:])
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p, err := t.takeLocked(account, address, present)
	if err != nil {
		return false, err
	}
	if wanted == "" || subtle.ConstantTimeCompare(given[:], right[:]) != 1 {
		t.wrongLocked(p)
		return false, nil
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
