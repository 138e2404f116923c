package transfer

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/transfer/fail"
)

// saying are claims that answer each question with the next of some errors, the last one for ever.
type saying struct {
	errs  []error
	asked int
}

func (s *saying) Claim(context.Context, record.Claim) error {
	s.asked++
	return s.errs[min(s.asked, len(s.errs))-1]
}

func (s *saying) Release(context.Context, record.Claim) error { return nil }

func TestSharedClaims(t *testing.T) {
	const large = claimFrom
	now := time.Now()
	heard := func(seconds int) error { return &record.Claimed{Heard: now.Add(time.Duration(seconds) * time.Second)} }
	for name, c := range map[string]struct {
		size  int64
		says  []error
		asked int
		code  fail.Code // 0 if the file may be written
		ends  bool      // the session
	}{
		"a small file":             {large - 1, []error{record.ErrClaimed}, 0, 0, false},
		"a file that is free":      {large, []error{nil}, 1, 0, false},
		"another transfer's":       {large, []error{heard(0), heard(0), heard(1)}, 3, fail.AlreadyExists, false},
		"of a node that is gone":   {large, []error{heard(0), heard(0), nil}, 3, 0, false},
		"free in a moment":         {large, []error{record.ErrClaimPassing, record.ErrClaimPassing, nil}, 3, 0, false},
		"begun again elsewhere":    {large, []error{record.ErrReplaced}, 1, fail.PeerAborted, true},
		"nobody can tell":          {large, []error{errors.New("the database is away")}, 1, 0, false},
		"refused while it waits":   {large, []error{record.ErrClaimPassing, heard(0), heard(1)}, 3, fail.AlreadyExists, false},
		"nobody can tell any more": {large, []error{record.ErrClaimPassing, errors.New("away")}, 2, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			claims, ended := &saying{errs: c.says}, false
			s := sharedClaims{claims: claims, log: slog.New(slog.DiscardHandler)}
			err := s.take(t.Context(), record.Claim{Path: "/a"}, c.size, &claimant{cancel: func(error) { ended = true }})
			if (err != nil) != (c.code != 0) || err != nil && err.Code != c.code || ended != c.ends || claims.asked != c.asked {
				t.Errorf("%v, ended %t, asked %d times; want %+v", err, ended, claims.asked, c)
			}
		})
	}
}

// While nobody answers, files are written without waiting for an answer each time.
func TestClaimsThatNobodyAnswersAreNotAskedAgain(t *testing.T) {
	claims := &saying{errs: []error{errors.New("away")}}
	var log strings.Builder
	s := sharedClaims{claims: claims, log: slog.New(slog.NewTextHandler(&log, nil))}
	for range 100 {
		if err := s.take(t.Context(), record.Claim{Path: "/a"}, claimFrom, &claimant{}); err != nil {
			t.Fatal(err)
		}
	}
	if claims.asked != 1 || !strings.Contains(log.String(), "away") {
		t.Errorf("asked %d times, said %q", claims.asked, log.String())
	}
}
