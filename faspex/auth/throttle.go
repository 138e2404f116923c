package auth

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"time"

	"faspex.io/operator/faspex/store"
)

const (
	// After user_deactivation_login_count tries in a row that failed a subject has to wait; every further failure doubles
	// the wait.
	firstWait    = 30 * time.Second
	longestWait  = 15 * time.Minute
	forgetTries  = time.Hour
	returnWithin = 5 * time.Second
)

// subject is what tries are counted for. Addresses are no subjects: those behind one share it, and one of them could
// lock all out.
type subject [32]byte

// ofAccount counts what strangers try on an account, however they spell its name or e-mail address.
func ofAccount(id int64) subject { return subject(hash(fmt.Sprintf("account\x00%d", id))) }

// ofUnknown counts tries on a login that nobody has, so that the answers do not tell it from one that somebody has.
func ofUnknown(key []byte) subject { return subject(hash("unknown\x00" + string(key))) }

// ofBrowser counts what is tried from a browser that the account knows (knownBrowser). Strangers cannot use this budget
// up.
func ofBrowser(id int64, browser string) subject {
	return subject(hash(fmt.Sprintf("browser\x00%d\x00%s", id, browser)))
}

// ofOwner counts what someone who is logged in tries as the current password of the account.
func ofOwner(id int64) subject { return subject(hash(fmt.Sprintf("owner\x00%d", id))) }

// WaitError means that too many tries failed.
type WaitError struct{ Wait time.Duration }

func (e *WaitError) Error() string { return "too many tries failed" }

// Sentence tells people how long they have to wait.
func (e *WaitError) Sentence() string {
	return "Too many attempts failed. Try again in " + InWords(e.Wait) + "."
}

// InWords rounds a wait up to whole seconds, or to whole minutes when it is longer than a minute.
func InWords(wait time.Duration) string {
	seconds := max(1, int(math.Ceil(wait.Seconds())))
	n, unit := seconds, "second"
	if seconds > 60 {
		n, unit = (seconds+59)/60, "minute"
	}
	if n != 1 {
		unit += "s"
	}
	return strconv.Itoa(n) + " " + unit
}

// RetryAfter writes a wait as the header Retry-After has it: whole seconds, at least one.
func RetryAfter(wait time.Duration) string {
	return strconv.Itoa(max(1, int(math.Floor(wait.Seconds()))+1))
}

// reserve counts a try before it is made. WaitError when the subject has to wait.
func (s *Server) reserve(ctx context.Context, sub subject) error {
	c, err := s.Configuration(ctx)
	if err != nil {
		return err
	}
	wait, err := s.store.ReserveLogin(ctx, sub, s.now(), store.LoginBudget{
		Forget: forgetTries, Wait: func(n int) time.Duration { return waitAfter(n, c.UserDeactivationLoginCount) },
	})
	if err != nil {
		return err
	}
	if wait > 0 {
		return &WaitError{wait}
	}
	return nil
}

// giveBack takes back a try that was reserved and not made, also when the caller is gone.
func (s *Server) giveBack(ctx context.Context, sub subject) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), returnWithin)
	defer cancel()
	return s.store.ReturnLogin(ctx, sub)
}

// waitAfter gives the wait after the nth try in a row that failed, of which some are free.
func waitAfter(n, free int) time.Duration {
	if n < free {
		return 0
	}
	wait := firstWait
	for range n - free {
		if wait *= 2; wait >= longestWait {
			return longestWait
		}
	}
	return wait
}
