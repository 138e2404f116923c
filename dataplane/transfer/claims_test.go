package transfer

import (
	"context"
	"errors"
	"sync"
	"testing"
)

// Of three sessions of a transfer that follow each other the last one gets the file, whoever asks when: the second,
// which waits for the first to end, must not take it from the third.
func TestClaimsGoToTheNewestSession(t *testing.T) {
	var s claims
	var ends [3]error
	var sessions [3]*claimant
	for i := range sessions {
		_, cancel := context.WithCancelCause(t.Context())
		once := sync.Once{}
		sessions[i] = s.enter("t", func(err error) {
			once.Do(func() { ends[i] = err; s.release(sessions[i]) })
			cancel(err)
		})
	}
	for _, i := range []int{0, 2, 1} {
		if err := s.take(t.Context(), "/a", "", sessions[i]); (err != nil) != (i == 1) {
			t.Errorf("session %d: %v", i, err)
		}
	}
	for i, end := range ends {
		if errors.Is(end, errReplaced) != (i < 2) {
			t.Errorf("session %d ends with %v", i, end)
		}
	}
}

func TestClaims(t *testing.T) {
	type request struct{ file, part, transfer string }
	for name, c := range map[string]struct {
		held, asked request
		refused     bool
		replaced    bool
	}{
		"another file":                      {request{"/a", "", "1"}, request{"/b", "", "2"}, false, false},
		"the same file":                     {request{"/a", "", "1"}, request{"/a", "", "2"}, true, false},
		"begun again":                       {request{"/a", "", "1"}, request{"/a", "", "1"}, false, true},
		"another part":                      {request{"/a", "1-2", "1"}, request{"/a", "2-2", "1"}, false, false},
		"the same part":                     {request{"/a", "1-2", "1"}, request{"/a", "1-2", "2"}, true, false},
		"a part begun again":                {request{"/a", "1-2", "1"}, request{"/a", "1-2", "1"}, false, true},
		"a part of a file":                  {request{"/a", "", "1"}, request{"/a", "1-2", "2"}, true, false},
		"a file of a part":                  {request{"/a", "1-2", "1"}, request{"/a", "", "2"}, true, false},
		"other parts":                       {request{"/a", "1-2", "1"}, request{"/a", "2-3", "2"}, true, false},
		"begun again in other parts":        {request{"/a", "1-2", "1"}, request{"/a", "3-3", "1"}, false, true},
		"begun again whole":                 {request{"/a", "2-2", "1"}, request{"/a", "", "1"}, false, true},
		"the unfinished form":               {request{"/a", "", "1"}, request{"/a.partial", "", "2"}, true, false},
		"the journal":                       {request{"/a", "", "1"}, request{"/a.aspx", "", "2"}, true, false},
		"of which it is the unfinished one": {request{"/a.partial", "", "1"}, request{"/a", "", "2"}, true, false},
		"the unfinished form of a part":     {request{"/a", "1-2", "1"}, request{"/a.partial", "", "1"}, true, false},
	} {
		t.Run(name, func(t *testing.T) {
			var s claims
			var replaced bool
			first := &claimant{transfer: c.held.transfer, ended: make(chan struct{})}
			first.cancel = func(error) { replaced = true; s.release(first) }
			second := &claimant{transfer: c.asked.transfer, ended: make(chan struct{}), cancel: func(error) {}}
			if err := s.take(t.Context(), c.held.file, c.held.part, first); err != nil {
				t.Fatal(err)
			}
			if err := s.take(t.Context(), c.asked.file, c.asked.part, second); (err != nil) != c.refused ||
				replaced != c.replaced {
				t.Errorf("refused: %v, replaced: %v; want %v, %v", err, replaced, c.refused, c.replaced)
			}
			if !c.replaced {
				if err := s.take(t.Context(), c.held.file, c.held.part, first); err != nil {
					t.Errorf("what one has is refused to it: %v", err)
				}
			}
			s.drop(c.held.file, c.held.part, first)
			s.drop(c.asked.file, c.asked.part, second)
			if len(s.held) != 0 {
				t.Errorf("held on to: %v", s.held)
			}
		})
	}
}
