package nodeapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"faspex.io/operator/dataplane/nodeapi/client"
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
	out := make([]client.Transfer, len(found))
	last := f.AfterRevision
	for i, t := range found {
		out[i] = s.describeTransfer(t)
		last = t.Revision
	}
	header := http.Header{}
	if last > 0 {
		next := url.URL{Scheme: "https", Host: r.Host, Path: "/ops/transfers"}
		query := r.URL.Query()
		query.Set("iteration_token", strconv.FormatUint(last, 10))
		next.RawQuery = query.Encode()
		header.Set("Link", fmt.Sprintf("<%s>; rel=\"next\"", next.String()))
	}
	return answer{header: header, body: out}, nil
}

func transferFilter(c *caller, q url.Values) (store.TransferFilter, error) {
	f := store.TransferFilter{AccessKey: c.keyID(), Text: q.Get("tag"), Limit: defaultTransfers}
	if c.granted != nil {
		f.BearerUser = c.user
	}
	if c.node != nil {
		f.NodeUser = c.user
	}
	if c.master() {
		f.AccessKey = q.Get("access_key")
	}
	if v := q.Get("iteration_token"); v != "" {
		n, err := strconv.ParseUint(v, 10, 64)
		if err != nil {
			return f, errBadRequest("iteration_token is not one of this node")
		}
		f.AfterRevision = n
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
	for _, name := range []string{"count", "max_items"} {
		v := q.Get(name)
		if v == "" {
			continue
		}
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 {
			return f, errBadRequest(name + " must be a positive number")
		}
		f.Limit = min(n, maxTransfers)
	}
	return f, nil
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
	if err := s.Store.CancelTransfer(ctx, t.ID); err != nil {
		return nil, err
	}
	s.Log.Info("transfer cancel requested", "transfer", t.ID, "user", c.user)
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
	switch {
	case in.MinRateKbps != 0:
		return nil, errBadRequest("min_rate_kbps of a transfer can't be changed, only target_rate_kbps")
	case in.RatePolicy != "":
		return nil, errBadRequest("rate_policy of a transfer can't be changed, only target_rate_kbps")
	case in.Sealed != nil:
		if err := s.seal(ctx, t, in); err != nil {
			return nil, err
		}
	case in.Status == client.StatusCanceled:
		if err := s.Store.CancelTransfer(ctx, t.ID); err != nil {
			return nil, err
		}
	case in.Status != "":
		return nil, errBadRequest(`status can only be set to "canceled"`)
	case in.TargetRateKbps > 0:
		limit, err := s.highestRate(ctx, t)
		if err != nil {
			return nil, err
		}
		rate := leastPositive(in.TargetRateKbps, limit)
		if err := s.Store.SetTargetRate(ctx, t.ID, rate); err != nil {
			return nil, err
		}
	default:
		return nil, errBadRequest("status, target_rate_kbps or sealed is needed")
	}
	return s.readTransfer(ctx, c, r)
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
