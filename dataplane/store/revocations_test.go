package store_test

import (
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/store"
	"faspex.io/operator/dataplane/token"
)

func issuedNow(t *testing.T, s *store.Store, direction token.Direction, tags string) token.Grant {
	t.Helper()
	now, err := s.Clock(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token.Grant{
		TransferID: uuid.NewString(), Direction: direction, Tags: []byte(tags), IssuedUsec: now.UnixMicro(),
		ExpiresAt: now.Add(time.Hour), Kind: token.KindTransfer,
	}
}

func isWithdrawn(t *testing.T, s *store.Store, g token.Grant) bool {
	t.Helper()
	gone, err := store.Ledger{Store: s}.Withdrawn(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	return gone
}

func TestRevokeWithdrawsTokensIssuedBefore(t *testing.T) {
	s, ctx := open(t), t.Context()
	const p1 = `{"aspera":{"faspex":{"package_id":"p1","kind":"upload","n":1,"list":[1,2]},"xfer_id":"x1"},"more":true}`
	before := map[string]token.Grant{
		"p1": issuedNow(t, s, token.Send, p1), "p1 download": issuedNow(t, s, token.Receive, p1),
		"p2":     issuedNow(t, s, token.Send, `{"aspera":{"faspex":{"package_id":"p2"}}}`),
		"no tag": issuedNow(t, s, token.Send, `{}`), "nothing": issuedNow(t, s, token.Send, ``),
		"elsewhere": issuedNow(t, s, token.Send, `{"faspex":{"package_id":"p1"},"aspera":{"package_id":"p1"}}`),
	}
	old := before["p1"]
	old.IssuedUsec = 0
	before["without a time"] = old
	for tags, direction := range map[string]token.Direction{
		`{"aspera":{"faspex":{"package_id":"p1","kind":"download"}}}`: "",
		`{"aspera":{"faspex":{"package_id":"p1","other":1}}}`:         "",
		`{"aspera":{"faspex":{"package_id":"p1","list":[1]}}}`:        "", `{"aspera":{"faspex":"p1"}}`: "",
		`{"aspera":{"faspex":{"package_id":"p"}}}`:               "",
		`{"aspera":{"faspex":{"package_id":"p1"},"missing":{}}}`: "",
	} {
		if err := s.Revoke(ctx, []byte(tags), direction); err != nil {
			t.Fatal(err)
		}
	}
	for name, g := range before {
		if isWithdrawn(t, s, g) {
			t.Errorf("%s is withdrawn by other tags", name)
		}
	}
	if err := s.Revoke(ctx, []byte(`{"aspera":{"faspex":{"package_id":"p1","n":1.0,"list":[1,2]}}}`),
		token.Send); err != nil {
		t.Fatal(err)
	}
	for name, g := range before {
		if got, want := isWithdrawn(t, s, g), name == "p1" || name == "without a time"; got != want {
			t.Errorf("%s withdrawn: %t", name, got)
		}
	}
	if isWithdrawn(t, s, issuedNow(t, s, token.Send, p1)) {
		t.Error("a token that was issued later is withdrawn")
	}
	if err := s.Revoke(ctx, []byte(`{"aspera":{"faspex":{"package_id":"p1"}}}`), ""); err != nil {
		t.Fatal(err)
	}
	if !isWithdrawn(t, s, before["p1 download"]) {
		t.Error("no direction does not mean both")
	}
	for _, tags := range []string{``, `{}`, `null`, `{"aspera":{}}`, `{"aspera":{"faspex":{}}}`, `[]`, `"x"`, `7`, `x`} {
		if err := s.Revoke(ctx, []byte(tags), ""); !errors.Is(err, store.ErrNamesNothing) {
			t.Errorf("%s: %v", tags, err)
		}
	}
}

// A token may hold more values than one statement asks for.
func TestRevokeFindsOneOfManyTags(t *testing.T) {
	s := open(t)
	tags := []byte(`{"id":"p1"`)
	for i := range 2500 {
		tags = append(tags, `,"a`+strconv.Itoa(i)+`":1`...)
	}
	g := issuedNow(t, s, token.Receive, string(append(tags, '}')))
	if isWithdrawn(t, s, g) {
		t.Error("withdrawn without a revocation")
	}
	if err := s.Revoke(t.Context(), []byte(`{"id":"p1"}`), ""); err != nil {
		t.Fatal(err)
	}
	if !isWithdrawn(t, s, g) {
		t.Error("not withdrawn")
	}
}

func TestRevokeCancelsRunningTransfersOnAllNodes(t *testing.T) {
	s, ctx := open(t), t.Context()
	r, _ := run(t, s, "n1")
	tagged := func(kind, tags string) record.Transfer {
		tr := transfer()
		tr.TokenKind, tr.Tags, tr.IssuedUsec = kind, []byte(tags), issuedNow(t, s, token.Send, "").IssuedUsec
		return tr
	}
	revoked, kept, basic := tagged("transfer", `{"id":"p1"}`), tagged("transfer", `{"id":"p2"}`),
		tagged("basic", `{"id":"p1"}`)
	late := tagged("transfer", `{"id":"p1"}`) // was looked up before, and is recorded after
	rec := begin(t, r, revoked)
	others := []record.Recording{begin(t, r, kept), begin(t, r, basic)}
	for _, tr := range []record.Transfer{revoked, kept, basic} {
		await(t, s, tr.TransferID, record.StatusRunning)
	}
	if err := s.Revoke(ctx, []byte(`{"id":"p1"}`), ""); err != nil {
		t.Fatal(err)
	}
	<-rec.Canceled()
	<-begin(t, r, late).Canceled()
	for _, o := range others {
		select {
		case <-o.Canceled():
			t.Error("a transfer with other tags or no transfer token is cancelled")
		default:
		}
	}
}

func TestUseCountsTokensOnce(t *testing.T) {
	s := open(t)
	ledger := store.Ledger{Store: s}
	use := func(g token.Grant) bool {
		allowed, err := ledger.Use(t.Context(), g)
		if err != nil {
			t.Error(err)
		}
		return allowed
	}
	var tokens []token.Grant
	for range 8 {
		g := issuedNow(t, s, token.Receive, "{}")
		g.Uses = &token.Uses{Name: "package p1", Limit: 3}
		tokens = append(tokens, g)
	}
	// Each token opens four sessions, all at the same time.
	var allowed [8]atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		for i, g := range tokens {
			wg.Go(func() {
				if use(g) {
					allowed[i].Add(1)
				}
			})
		}
	}
	wg.Wait()
	used := 0
	for i := range allowed {
		switch n := allowed[i].Load(); n {
		case 4:
			used++
			if !use(tokens[i]) {
				t.Error("a retry is refused")
			}
		case 0:
		default:
			t.Errorf("%d of 4 sessions of one token are allowed", n)
		}
	}
	if used != 3 {
		t.Errorf("%d tokens were used", used)
	}
	other := issuedNow(t, s, token.Receive, "{}")
	other.Uses = &token.Uses{Name: "Package p1", Limit: 1}
	if !use(other) {
		t.Error("another name is counted as the same")
	}
	other = issuedNow(t, s, token.Receive, "{}")
	other.Uses = &token.Uses{Name: "package p1", Limit: 4}
	if !use(other) {
		t.Error("a higher limit does not count")
	}
}
