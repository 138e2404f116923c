package nodeapi

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
)

const (
	defaultWindow = 5 * time.Minute
	maxWindow     = 24 * time.Hour
)

// bandwidth tells how fast the caller's transfers were over a window of time.
func (s *Server) bandwidth(ctx context.Context, c *caller, r *http.Request) (any, error) {
	now := s.Now().UTC()
	from, to, err := window(r.URL.Query(), now)
	if err != nil {
		return nil, err
	}
	rates, err := s.Store.Rates(ctx, visibleTransfers(c), from, to)
	if err != nil {
		return nil, err
	}
	out := client.Bandwidth{CurrentTime: now, StartTime: from, EndTime: to}
	out.Send.Transfers, out.Receive.Transfers = []client.TransferRates{}, []client.TransferRates{}
	for _, t := range rates {
		side := &out.Send
		if t.In {
			side = &out.Receive
		}
		side.Transfers = append(side.Transfers, describeRates(t))
	}
	for _, side := range []*client.BandwidthSide{&out.Send, &out.Receive} {
		for _, t := range side.Transfers {
			first, last := t.Data[0].Time, t.Data[len(t.Data)-1].Time
			if side.MaxLeft == 0 || first < side.MaxLeft {
				side.MaxLeft = first
			}
			side.MinRight = max(side.MinRight, last)
		}
	}
	return out, nil
}

func describeRates(t store.TransferRates) client.TransferRates {
	out := client.TransferRates{ID: t.TransferID}
	for _, p := range t.Points {
		out.Data = append(out.Data, client.RatePoint{Time: p.Sec, Rate: p.Kbps})
		out.MaxRate = max(out.MaxRate, p.Kbps)
		out.LastTime = time.Unix(p.Sec, 0).UTC()
	}
	return out
}

// window is the time that a query asks for: duration seconds from start_time, or until now.
func window(q url.Values, now time.Time) (from, to time.Time, err error) {
	long := defaultWindow
	if v := q.Get("duration"); v != "" {
		n, err := strconv.ParseInt(v, 10, 32)
		if err != nil || n < 1 || time.Duration(n)*time.Second > maxWindow {
			return from, to, errBadRequest("duration must be a number of seconds from 1 to 86400")
		}
		long = time.Duration(n) * time.Second
	}
	v := q.Get("start_time")
	if v == "" {
		return now.Add(-long), now, nil
	}
	if from, err = time.Parse(time.RFC3339, v); err != nil {
		return from, to, errBadRequest("start_time must be a time such as 2026-01-31T12:00:00Z")
	}
	return from.UTC(), from.UTC().Add(long), nil
}
