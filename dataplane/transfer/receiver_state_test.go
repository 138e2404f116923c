package transfer

import (
	"errors"
	"slices"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

func TestPhaseTransitions(t *testing.T) {
	legal := map[phase][]phase{
		deciding:      {offering, offeringWhole, receiving, finalizing, withdrawn, stopped, finished},
		offering:      {receiving, withdrawn, stopped, finished},
		offeringWhole: {receiving, finalizing, withdrawn, stopped, finished},
		receiving:     {finalizing, withdrawn, stopped, finished},
		finalizing:    {withdrawn, stopped, finished},
		withdrawn:     {finished},
		stopped:       {withdrawn, finished},
		finished:      nil,
	}
	for from := range phases {
		for to := range phases {
			f := &gotFile{entry: control.Entry{Path: "f"}, phase: from}
			err := f.begin(to)
			if slices.Contains(legal[from], to) {
				if err != nil || f.phase != to {
					t.Errorf("%s, then %s: %v, now %s", from, to, err, f.phase)
				}
				continue
			}
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != fail.Internal || f.phase != from {
				t.Errorf("%s, then %s: %v, now %s", from, to, err, f.phase)
			}
		}
	}
}

// A sender answers an offer once, and nothing else.
func TestReceiverTakesNoAnswerWithoutAnOffer(t *testing.T) {
	hostile, ended := receiverOf(t, t.TempDir(), control.Options{})
	for _, m := range []control.Message{
		&control.Entry{Kind: control.KindFile, Path: "f", Size: 2 << 20}, &control.Sending{Index: 0},
	} {
		if err := hostile.send(m); err != nil {
			t.Fatal(err)
		}
	}
	var e *fail.Error
	if err := <-ended; !errors.As(err, &e) || e.Code != fail.Protocol {
		t.Errorf("the session ends with %v", err)
	}
}
