package utility

import (
	"context"
	"sync"
	"time"

	"faspex.io/operator/faspex/store"
)

// silence is how long nobody came from an address before the next visit counts as a login: a browser sends name and
// password with every request.
const silence = 30 * time.Minute

// logins remembers when somebody who may open the utility came from an address.
type logins struct {
	mu   sync.Mutex
	last map[string]time.Time
}

// begins reports whether a visit from an address is a login, and remembers it.
func (l *logins) begins(from string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[string]time.Time{}
	}
	for address, at := range l.last {
		if now.Sub(at) > silence {
			delete(l.last, address)
		}
	}
	_, known := l.last[from]
	l.last[from] = now
	return !known
}

// noteLogin keeps an event of a login. The utility is opened all the same when it cannot be kept: it is where people look
// when the database does not answer.
func (u *server) noteLogin(ctx context.Context, from string) {
	now := time.Now()
	if !u.logins.begins(from, now) {
		return
	}
	err := u.store.AddApplicationEvent(ctx, store.ApplicationEvent{Type: store.UtilityLogin, Application: application,
		Address: from, CreatedAt: now})
	if err != nil {
		u.log.WarnContext(ctx, "cannot keep the event of a login", "remote", from, "error", err)
	}
}
