package nodeapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
)

const (
	defaultTransfers = 100
	maxTransfers     = 1000
	maxFilesShown    = 1000
)

// listTransfers answers in the order in which transfers last began or changed their status. The iteration token is a
// place in that order, so a caller that keeps it sees each change once.
func (s *Server) listTransfers(ctx context.Context, c *caller, r *http.Request) (any, error) {
	f, err := transferFilter(c, r.URL.Query())
	if err != nil {
		return nil, err
	}
	found, err := s.Store.Transfers(ctx, f)
	if err != nil {
		return nil, err
	}
	summary := r.URL.Query().Get("view") == "summary"
	out := make([]client.Transfer, len(found))
	last := f.AfterRevision
	for i, t := range found {
		out[i] = s.describeTransfer(t)
		if summary {
			out[i].Sessions = []client.Session{}
		}
		last = t.Revision
	}
	return answer{header: nextLink(r, last), body: out}, nil
}

// visibleTransfers selects the transfers that a caller may know of: the node user of the Secret all, others their own.
func visibleTransfers(c *caller) store.TransferFilter {
	f := store.TransferFilter{AccessKey: c.keyID()}
	if c.granted != nil {
		f.BearerUser = c.user
	}
	if c.node != nil {
		f.NodeUser = c.user
	}
	return f
}

func transferFilter(c *caller, q url.Values) (store.TransferFilter, error) {
	f := visibleTransfers(c)
	f.Text = q.Get("tag")
	if c.master() {
		f.AccessKey = q.Get("access_key")
	}
	var err error
	if f.AfterRevision, err = iterationToken(q); err != nil {
		return f, err
	}
	if f.AfterUsec, err = timeAfter(q); err != nil {
		return f, err
	}
	if v := q.Get("active_only"); v != "" {
		active, err := strconv.ParseBool(v)
		if err != nil {
			return f, errBadRequest("active_only must be true or false")
		}
		f.ActiveOnly = active
	}
	if v := q.Get("direction"); v != "" {
		f.Direction = transferspec.Direction(v)
		if !f.Direction.Valid() {
			return f, errBadRequest("direction must be send or receive")
		}
	}
	f.Limit, err = atMost(q, defaultTransfers, maxTransfers, "count", "max_items")
	return f, err
}

func (s *Server) readTransfer(ctx context.Context, c *caller, r *http.Request) (any, error) {
	t, err := s.visibleTransfer(ctx, c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	files, err := s.Store.TransferFiles(ctx, t.ID, maxFilesShown)
	if err != nil {
		return nil, err
	}
	out := s.describeTransfer(t)
	out.Files = describeFiles(files)
	return out, nil
}

func (s *Server) cancelTransfer(ctx context.Context, c *caller, r *http.Request) (any, error) {
	t, err := s.visibleTransfer(ctx, c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if err := s.stop(ctx, t, store.StopCancel); err != nil {
		return nil, err
	}
	s.Log.Info("transfer cancel requested", "transfer", t.ID, "user", c.user)
	return nil, nil
}

// stop has a transfer end, or pause if the node makes it itself. One that has ended stays as it is.
func (s *Server) stop(ctx context.Context, t store.TransferRecord, how string) error {
	if t.Job {
		return s.Store.StopJob(ctx, store.Job{ID: t.ID, Kind: store.JobTransfer}, how)
	}
	if how != store.StopCancel {
		return errConflict("only a transfer that the node makes itself can be paused: its client decides on this one")
	}
	return s.Store.CancelTransfer(ctx, t.ID)
}

func (s *Server) deleteTransfer(ctx context.Context, c *caller, r *http.Request) (any, error) {
	t, err := s.visibleTransfer(ctx, c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	err = s.Store.DeleteTransfer(ctx, t.ID)
	if errors.Is(err, store.ErrNotEnded) {
		return nil, errConflict(store.ErrNotEnded.Error())
	}
	if err != nil {
		return nil, err
	}
	s.Log.Info("record of a transfer removed", "transfer", t.ID, "user", c.user)
	return nil, nil
}

func (s *Server) changeTransfer(ctx context.Context, c *caller, r *http.Request) (any, error) {
	t, err := s.visibleTransfer(ctx, c, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	var in client.TransferChange
	if err := decode(r, &in); err != nil {
		return nil, err
	}
	if in == (client.TransferChange{}) {
		return nil, errBadRequest("status, target_rate_kbps, min_rate_kbps, rate_policy or sealed is needed")
	}
	rate, err := s.wantedRate(ctx, t, in)
	if err != nil {
		return nil, err
	}
	if in.Sealed != nil {
		if err := s.seal(ctx, t, in); err != nil {
			return nil, err
		}
	}
	if !rate.Same(record.RateChange{}) {
		if err := s.Store.SetRate(ctx, t.ID, rate); err != nil {
			return nil, err
		}
	}
	if err := s.changeStatus(ctx, t, in.Status); err != nil {
		return nil, err
	}
	return s.readTransfer(ctx, c, r)
}

// changeStatus pauses or cancels a transfer, or has one that was paused go on.
func (s *Server) changeStatus(ctx context.Context, t store.TransferRecord, status string) error {
	switch status {
	case "":
		return nil
	case client.StatusCanceled:
		return s.stop(ctx, t, store.StopCancel)
	case client.StatusPaused:
		return s.stop(ctx, t, store.StopPause)
	case client.StatusRunning:
		if !t.Job {
			return errConflict("only a transfer that the node makes itself can go on: its client decides on this one")
		}
		if err := s.Store.ResumeJob(ctx, store.Job{ID: t.ID, Kind: store.JobTransfer}); err != nil {
			return err
		}
		s.transferJobs.poke()
		return nil
	}
	return errBadRequest(`status can be set to "canceled", "paused" or "running"`)
}

// wantedRate is what a change asks of the rate, within what the node and the access key permit.
func (s *Server) wantedRate(ctx context.Context, t store.TransferRecord, in client.TransferChange) (record.RateChange,
	error) {
	c := record.RateChange{TargetKbps: in.TargetRateKbps, MinKbps: in.MinRateKbps, Policy: in.RatePolicy}
	switch {
	case in.TargetRateKbps < 0:
		return c, errBadRequest("target_rate_kbps must not be negative")
	case in.MinRateKbps != nil && *in.MinRateKbps < 0:
		return c, errBadRequest("min_rate_kbps must not be negative")
	case in.RatePolicy != "" && !slices.Contains([]string{"fixed", "high", "fair", "low"}, in.RatePolicy):
		return c, errBadRequest("rate_policy must be fixed, high, fair or low")
	case c.Same(record.RateChange{}):
		return c, nil
	case t.Job != (t.Direction == transferspec.Send) && (in.MinRateKbps != nil || in.RatePolicy != ""):
		return c, errConflict("min_rate_kbps and rate_policy are those of the end that sends, which is the other one: " +
			"only target_rate_kbps can be changed here")
	}
	limit, err := s.highestRate(ctx, t)
	if err != nil {
		return c, err
	}
	if limit > 0 && c.TargetKbps > 0 {
		c.TargetKbps = min(c.TargetKbps, limit)
	}
	if limit > 0 && c.MinKbps != nil {
		least := min(*c.MinKbps, limit)
		c.MinKbps = &least
	}
	return c, nil
}

// seal ends the use of a transfer's token: no session begins with it any more, on any node,
// and one that runs is cancelled.
func (s *Server) seal(ctx context.Context, t store.TransferRecord, in client.TransferChange) error {
	if !*in.Sealed {
		return errBadRequest("a transfer that is sealed stays so")
	}
	if t.TokenKind != token.KindTransfer {
		return errConflict("only a transfer with a transfer token can be sealed, this one has a token of kind " + t.TokenKind)
	}
	tags, err := json.Marshal(map[string]any{"aspera": map[string]string{"xfer_id": t.ID}})
	if err != nil {
		return err
	}
	if err := s.Store.Revoke(ctx, tags, t.Direction); err != nil {
		return err
	}
	s.Log.Info("transfer sealed", "transfer", t.ID)
	return nil
}

// highestRate is what the node and the access key of a transfer permit, 0 for no limit.
func (s *Server) highestRate(ctx context.Context, t store.TransferRecord) (int64, error) {
	if t.AccessKey == "" {
		return s.Transfer.MaxRateKbps, nil
	}
	key, err := s.Store.AccessKey(ctx, t.AccessKey)
	if err != nil {
		return 0, err
	}
	return leastPositive(key.Limits.TargetRateCapKbps, s.Transfer.MaxRateKbps), nil
}

// visibleTransfer reads a transfer that the caller may know of: the node user all, an access key its own.
func (s *Server) visibleTransfer(ctx context.Context, c *caller, id string) (store.TransferRecord, error) {
	t, err := s.Store.Transfer(ctx, id)
	if err != nil {
		return store.TransferRecord{}, err
	}
	others := c.granted != nil && (t.TokenKind != token.KindBearer || t.TokenUser != c.user)
	if c.node != nil {
		others = t.TokenUser != c.user
	}
	if !c.master() && t.AccessKey != c.keyID() || others {
		return store.TransferRecord{}, errNotFound("not found")
	}
	return t, nil
}
