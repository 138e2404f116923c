package store

import "context"

// Recorder writes down what the transfers of this node do. No call waits for the database longer than a moment, and none
// fails because it is away: what could not be written is written when it is back, as long as the process lives.
type Recorder interface {
	// Begin records a session that starts now.
	Begin(ctx context.Context, t Transfer) (Recording, error)
}

// Recording is one running session.
type Recording interface {
	// Progress replaces the totals; it only stores them in memory, so it may be called at any rate.
	Progress(p Progress)
	// File records how one file ended.
	File(f FileResult)
	// Finish ends the session. Only the first call counts.
	Finish(o Outcome)
	// Canceled is closed when somebody cancels the transfer through the Node API of any node.
	Canceled() <-chan struct{}
	// RateChanges yields a new target rate in kilobits per second when somebody sets it through the Node API.
	RateChanges() <-chan int64
}
