package store

import (
	"context"
	"slices"
	"sync"
)

// turns lets a few hash at once. Those that wait are served address by address in turn, each in the order they came, so
// that a flood from one address makes others wait for one hash at most (TestFloodOfOneAddressHoldsUpNobody). How many
// wait is bounded, for each address and in all: when there is no room, the address that has most of it makes room.
type turns struct {
	mu      sync.Mutex
	free    int
	waiting int
	queues  map[string][]*turn
	// order has the addresses that wait, the next one first.
	order []string
}

// turn is one who waits. Its channel gets nil when it may go, or why it may not.
type turn struct{ decided chan error }

func newTurns() *turns { return &turns{free: maxHashing, queues: map[string][]*turn{}} }

// enter waits for a turn of an address; leave has to be called after it.
func (t *turns) enter(ctx context.Context, address string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	address = network(address)
	t.mu.Lock()
	if t.free > 0 {
		t.free--
		t.mu.Unlock()
		return nil
	}
	if len(t.queues[address]) >= maxWaitingOfAddress || t.waiting >= maxWaiting && !t.makeRoomLocked(address) {
		t.mu.Unlock()
		return ErrBusy
	}
	mine := &turn{decided: make(chan error, 1)}
	if len(t.queues[address]) == 0 {
		t.order = append(t.order, address)
	}
	t.queues[address] = append(t.queues[address], mine)
	t.waiting++
	t.mu.Unlock()
	select {
	case err := <-mine.decided:
		return err
	case <-ctx.Done():
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if i := slices.Index(t.queues[address], mine); i >= 0 {
		t.removeLocked(address, i)
		return ctx.Err()
	}
	// The turn came, or was refused, while the caller left.
	if err := <-mine.decided; err != nil {
		return err
	}
	t.leaveLocked()
	return ctx.Err()
}

// leave gives the turn to the next.
func (t *turns) leave() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leaveLocked()
}

func (t *turns) leaveLocked() {
	if len(t.order) == 0 {
		t.free++
		return
	}
	address := t.order[0]
	next := t.queues[address][0]
	// An address that still waits goes to the end.
	if len(t.queues[address]) > 1 {
		t.order = append(t.order, address)
	}
	t.order = t.order[1:]
	if t.queues[address] = t.queues[address][1:]; len(t.queues[address]) == 0 {
		delete(t.queues, address)
	}
	t.waiting--
	next.decided <- nil
}

// removeLocked takes one who waits out of the queue of an address.
func (t *turns) removeLocked(address string, i int) {
	t.waiting--
	if t.queues[address] = slices.Delete(t.queues[address], i, i+1); len(t.queues[address]) == 0 {
		delete(t.queues, address)
		t.order = slices.DeleteFunc(t.order, func(a string) bool { return a == address })
	}
}

// makeRoomLocked turns the last one away of the address that has most waiting, unless that has no more than the one
// that wants room.
func (t *turns) makeRoomLocked(wanting string) bool {
	most := ""
	for address, queue := range t.queues {
		if most == "" || len(queue) > len(t.queues[most]) {
			most = address
		}
	}
	queue := t.queues[most]
	if len(queue) <= len(t.queues[wanting])+1 {
		return false
	}
	last := queue[len(queue)-1]
	t.removeLocked(most, len(queue)-1)
	last.decided <- ErrBusy
	return true
}
