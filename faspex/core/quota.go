package core

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/settings"
)

// quota is the quota of the caller, what is left of it, and when more is.
func (s *Server) quota(ctx context.Context) (q settings.Quota, left int64, more time.Time, err error) {
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return q, 0, more, err
	}
	me := caller(ctx)
	if q = rules.QuotaOf(optionsOf(me).Account, me.Email); !q.On {
		return q, 0, more, nil
	}
	window := time.Duration(q.Hours) * time.Hour
	sent, oldest, err := s.store.SentSince(ctx, me.ID, 0, s.now().Add(-window), q.Exempt)
	more = s.now().Add(window)
	if oldest.Valid {
		more = oldest.Time.Add(window)
	}
	return q, max(q.Bytes-sent, 0), more, err
}

// mayStillSend refuses a package of one who has sent as much as allowed. How large a package becomes is not known yet:
// the service stops what goes over the quota.
func (s *Server) mayStillSend(ctx context.Context) error {
	q, left, more, err := s.quota(ctx)
	if err != nil || !q.On || left > 0 {
		return err
	}
	message := "Your account may send nothing."
	if q.Bytes > 0 {
		message = fmt.Sprintf("You have sent as much as your account may in %d hours. You can send more from %s on.", q.Hours,
			more.UTC().Format("2006-01-02 15:04 MST"))
	}
	p := newProblem(http.StatusForbidden, message)
	p.Code = "quota_exceeded"
	return p
}

// registerQuota adds what an account may still send: an addition of this implementation, for the account page.
func (s *Server) registerQuota() {
	register(s, operation{method: http.MethodGet, path: v5 + "/account/quota", id: "get-quota", what: "account",
		access: anyone, summary: "Tell how much the caller may still send"},
		func(ctx context.Context, _ *struct{}) (*body[api.SenderQuota], error) {
			q, left, more, err := s.quota(ctx)
			if err != nil {
				return nil, err
			}
			out := api.SenderQuota{Limited: q.On, LimitBytes: q.Bytes, LeftBytes: left, Hours: q.Hours}
			if q.On {
				out.MoreFrom = ptr(stamp(more))
			}
			return answerWith(out), nil
		})
}
