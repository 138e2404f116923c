package transfer

import "testing"

func TestClaims(t *testing.T) {
	type claim struct{ file, part, transfer string }
	for name, c := range map[string]struct {
		held, asked claim
		refused     bool
		replaced    bool
	}{
		"another file":                      {claim{"/a", "", "1"}, claim{"/b", "", "2"}, false, false},
		"the same file":                     {claim{"/a", "", "1"}, claim{"/a", "", "2"}, true, false},
		"begun again":                       {claim{"/a", "", "1"}, claim{"/a", "", "1"}, false, true},
		"another part":                      {claim{"/a", "1-2", "1"}, claim{"/a", "2-2", "1"}, false, false},
		"the same part":                     {claim{"/a", "1-2", "1"}, claim{"/a", "1-2", "2"}, true, false},
		"a part begun again":                {claim{"/a", "1-2", "1"}, claim{"/a", "1-2", "1"}, false, true},
		"a part of a file":                  {claim{"/a", "", "1"}, claim{"/a", "1-2", "2"}, true, false},
		"a file of a part":                  {claim{"/a", "1-2", "1"}, claim{"/a", "", "2"}, true, false},
		"other parts":                       {claim{"/a", "1-2", "1"}, claim{"/a", "2-3", "2"}, true, false},
		"begun again in other parts":        {claim{"/a", "1-2", "1"}, claim{"/a", "3-3", "1"}, false, true},
		"begun again whole":                 {claim{"/a", "2-2", "1"}, claim{"/a", "", "1"}, false, true},
		"the unfinished form":               {claim{"/a", "", "1"}, claim{"/a.partial", "", "2"}, true, false},
		"the journal":                       {claim{"/a", "", "1"}, claim{"/a.aspx", "", "2"}, true, false},
		"of which it is the unfinished one": {claim{"/a.partial", "", "1"}, claim{"/a", "", "2"}, true, false},
		"the unfinished form of a part":     {claim{"/a", "1-2", "1"}, claim{"/a.partial", "", "1"}, true, false},
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
			if err := s.take(t.Context(), c.asked.file, c.asked.part, second); (err != nil) != c.refused || replaced != c.replaced {
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
