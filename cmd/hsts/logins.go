package main

import (
	"context"
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/dataplane/token"
)

// logins counts log-ins that were refused. Names and addresses are no labels: there is no end of them,
// and they are nobody's business.
type logins struct{ refused *prometheus.CounterVec }

func newLogins(reg prometheus.Registerer) logins {
	l := logins{prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "hsts_logins_refused_total", Help: "Log-ins that were refused, by door (api, ssh, wss) and reason.",
	}, []string{"door", "reason"})}
	reg.MustRegister(l.refused)
	return l
}

// at counts those of one door.
func (l logins) at(door string) func(reason string) {
	return func(reason string) { l.refused.WithLabelValues(door, reason).Inc() }
}

// countingAuthorizer counts the tokens that are refused, by the door of the session.
type countingAuthorizer struct {
	token.Authorizer
	logins logins
}

// Authorize implements token.Authorizer.
func (a countingAuthorizer) Authorize(ctx context.Context, req token.Request) (token.Grant, error) {
	g, err := a.Authorizer.Authorize(ctx, req)
	if err != nil && token.IsRefusal(err) {
		a.logins.at(req.Door)(refusalReason(err))
	}
	return g, err
}

// refusalReason is the label of a refusal.
func refusalReason(err error) string {
	for _, r := range []struct {
		is     error
		reason string
	}{
		{token.ErrMissing, "missing"}, {token.ErrThrottled, "throttled"}, {token.ErrBadCredentials, "credentials"},
		{token.ErrDenied, "denied"}, {token.ErrExpired, "expired"}, {token.ErrElsewhere, "address"},
		{token.ErrRevoked, "withdrawn"}, {token.ErrUsedUp, "withdrawn"},
		{token.ErrUnknownKey, "invalid"}, {token.ErrInvalid, "invalid"},
		{token.ErrNotPermitted, "not_permitted"}, {token.ErrPathNotAllowed, "not_permitted"},
	} {
		if errors.Is(err, r.is) {
			return r.reason
		}
	}
	return "other"
}
