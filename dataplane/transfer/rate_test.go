package transfer

import (
	"testing"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/control"
	"github.com/google/go-cmp/cmp"
)

// ratedSender notes the rates that its engine is told.
type ratedSender struct {
	memSender
	told engine.Rate
}

func (r *ratedSender) SetRate(rate engine.Rate) { r.told = rate }

func TestSenderChangesWhatIsAskedOfItsRate(t *testing.T) {
	data := &ratedSender{}
	s := &sender{data: data, options: control.Options{}, rate: engine.Rate{Policy: engine.PolicyFair, CapBps: 50_000_000}}
	kbps := func(n int64) *int64 { return &n }
	policy := func(p engine.Policy) *engine.Policy { return &p }
	for _, c := range []struct {
		target, min *int64
		policy      *engine.Policy
		want        engine.Rate
	}{
		// It needs a target.
		{nil, nil, policy(engine.PolicyFixed), engine.Rate{Policy: engine.PolicyFair, CapBps: 50_000_000}},
		{kbps(9000), kbps(20_000), policy(engine.PolicyHigh),
			engine.Rate{Policy: engine.PolicyHigh, TargetBps: 9_000_000, MinBps: 9_000_000, CapBps: 50_000_000}},
		{nil, kbps(1000), nil, engine.Rate{Policy: engine.PolicyHigh, TargetBps: 9_000_000, MinBps: 1_000_000,
			CapBps: 50_000_000}},
		{kbps(0), nil, nil, engine.Rate{Policy: engine.PolicyHigh, TargetBps: 50_000_000, MinBps: 1_000_000,
			CapBps: 50_000_000}},
	} {
		s.setRate(c.target, c.min, c.policy)
		if diff := cmp.Diff(c.want, data.told); diff != "" {
			t.Errorf("(-want +told):\n%s", diff)
		}
	}
}
