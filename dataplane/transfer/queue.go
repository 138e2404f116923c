package transfer

import (
	"context"
	"sync"
)

// queue hands jobs to workers in order. Adding never blocks, so that a reader of messages is never held up by a disk.
type queue struct {
	mu   sync.Mutex
	jobs []func(context.Context) error
	wake chan struct{}
}

func newQueue() *queue { return &queue{wake: make(chan struct{}, 1)} }

func (q *queue) add(job func(context.Context) error) {
	q.mu.Lock()
	q.jobs = append(q.jobs, job)
	q.mu.Unlock()
	q.signal()
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// run does jobs until ctx ends (nil) or one fails (its error).
func (q *queue) run(ctx context.Context) error {
	for {
		q.mu.Lock()
		var job func(context.Context) error
		if len(q.jobs) > 0 {
			job = q.jobs[0]
			q.jobs[0] = nil
			q.jobs = q.jobs[1:]
		}
		more := len(q.jobs) > 0
		q.mu.Unlock()
		if more {
			q.signal()
		}
		if job != nil {
			if ctx.Err() != nil {
				return nil
			}
			if err := job(ctx); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-q.wake:
		}
	}
}
