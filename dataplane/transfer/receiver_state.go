package transfer

import (
	"slices"

	"faspex.io/operator/dataplane/transfer/fail"
)

// phase is how far the receiver is with an entry.
type phase uint8

const (
	deciding      phase = iota // nothing of it is asked for
	offering                   // the sender is asked, by a Have, what of the partial file is right
	offeringWhole              // likewise of the file that has the name already
	receiving                  // its data is expected
	finalizing                 // it gets its name
	withdrawn                  // it is given up, and what was here of it is removed
	stopped                    // the session ends before the file is done
	finished                   // its FileDone is said
	phases
)

func (p phase) String() string {
	return [phases]string{
		"to be decided on", "offered", "offered whole", "received", "finalized", "withdrawn", "stopped", "finished",
	}[p]
}

// over says that no more is to be done for an entry than to say so.
func (p phase) over() bool { return p >= withdrawn }

// follows are the phases that may follow each (TestPhaseTransitions). A phase that is over can be told so again by
// another goroutine: of these the later one counts.
var follows = [phases][]phase{
	deciding:      {offering, offeringWhole, receiving, finalizing, withdrawn, stopped, finished},
	offering:      {receiving, withdrawn, stopped, finished},
	offeringWhole: {receiving, finalizing, withdrawn, stopped, finished},
	receiving:     {finalizing, withdrawn, stopped, finished},
	finalizing:    {withdrawn, stopped, finished},
	withdrawn:     {finished},
	stopped:       {withdrawn, finished},
	finished:      {},
}

// enter begins a phase. One that may not follow is a mistake of this program: the error ends the session. f.mu is held.
func (f *gotFile) enter(next phase) error {
	if !slices.Contains(follows[f.phase], next) {
		return fail.New(fail.Internal, "%s: a file that is %s can't be %s, please report this", f.entry.Path, f.phase, next)
	}
	f.phase = next
	return nil
}

// begin is enter for who does not hold f.mu.
func (f *gotFile) begin(next phase) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.enter(next)
}

// in says whether a file is in a phase.
func (f *gotFile) in(p phase) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.phase == p
}
