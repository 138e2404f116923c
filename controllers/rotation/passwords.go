package rotation

import (
	"maps"
	"strings"
	"time"

	"faspex.io/operator/controllers/secrets"
)

// Passwords is what a Secret remembers while passwords of a database's users are replaced: under next_<user> the one that
// follows, under former_<user> the one that goes on working until the last program has read the new one, and under
// rotated_at when they were replaced last (RFC 3339). Its methods give what it shall be, and change nothing.
//
// The steps, each of which may be done again: Begin; the server takes both; Replacing; the Secret that programs read gets
// the next one; Finish; the programs restart; End; the server takes the new one alone.
type Passwords map[string][]byte

const (
	nextPrefix   = "next_"
	formerPrefix = "former_"
	rotatedAt    = "rotated_at"
)

// Begin chooses the next passwords of users, unless some are being replaced.
func (p Passwords) Begin(users ...string) Passwords {
	if p.Pending() || p.Ending() {
		return p
	}
	begun := p.clone()
	for _, user := range users {
		begun[nextPrefix+user] = secrets.Password()
	}
	return begun
}

// Pending tells whether programs are still to be given the next passwords.
func (p Passwords) Pending() bool { return p.has(nextPrefix) }

// Ending tells whether former passwords work.
func (p Passwords) Ending() bool { return p.has(formerPrefix) }

// Next is the password that follows present; present itself when none does.
func (p Passwords) Next(user string, present []byte) []byte {
	if next := p[nextPrefix+user]; len(next) > 0 {
		return next
	}
	return present
}

// Beside is what has to work beside the present password of a user; empty when nothing has.
func (p Passwords) Beside(user string, present []byte) string {
	if next := p[nextPrefix+user]; len(next) > 0 && string(next) != string(present) {
		return string(next)
	}
	return string(p[formerPrefix+user])
}

// Replacing remembers the present passwords, by user, which are replaced now.
func (p Passwords) Replacing(present map[string][]byte) Passwords {
	replacing := p.clone()
	for user, password := range present {
		if next := p[nextPrefix+user]; len(next) > 0 && string(next) != string(password) {
			replacing[formerPrefix+user] = password
		}
	}
	return replacing
}

// Finish notes that the next passwords are the present ones.
func (p Passwords) Finish(now time.Time) Passwords {
	finished := p.without(nextPrefix)
	finished[rotatedAt] = []byte(now.UTC().Format(time.RFC3339))
	return finished
}

// End forgets the former passwords.
func (p Passwords) End() Passwords { return p.without(formerPrefix) }

// Made is when the present passwords were chosen; first if they never were replaced.
func (p Passwords) Made(first time.Time) time.Time {
	if at, err := time.Parse(time.RFC3339, string(p[rotatedAt])); err == nil {
		return at
	}
	return first
}

func (p Passwords) clone() Passwords {
	if p == nil {
		return Passwords{}
	}
	return maps.Clone(p)
}

func (p Passwords) has(prefix string) bool {
	for key := range p {
		if strings.HasPrefix(key, prefix) {
			return true
		}
	}
	return false
}

func (p Passwords) without(prefix string) Passwords {
	left := p.clone()
	maps.DeleteFunc(left, func(key string, _ []byte) bool { return strings.HasPrefix(key, prefix) })
	return left
}
