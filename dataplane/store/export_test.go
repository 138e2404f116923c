package store

import "context"

// SweepOnce runs one sweep of a recorder.
func SweepOnce(ctx context.Context, r *NodeRecorder) {
	s := sweeper{recorder: r}
	if err := s.step(ctx); err != nil {
		panic(err)
	}
}
