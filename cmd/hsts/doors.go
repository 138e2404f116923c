package main

import (
	"context"
	"sync"
	"time"

	"faspex.io/operator/dataplane/store"
)

const (
	doorInterval = 5 * time.Second
	// fewer is how many sessions less another node must have to be named instead of the one that answers.
	fewer = 2
)

// doors knows where the nodes of a cluster take transfers, so that setups name one that has the fewest sessions.
type doors struct {
	own store.Door

	mu    sync.Mutex
	open  bool // this node takes transfers
	known []store.Door
	given map[string]int // named by setups since known was read
}

func newDoors(own store.Door) *doors {
	return &doors{own: own, open: true}
}

// follow tells the others of this node's door, and reads theirs, until ctx ends.
func (d *doors) follow(ctx context.Context, n *node) {
	tick := time.NewTicker(doorInterval)
	defer tick.Stop()
	for failing := false; ; {
		err := d.exchange(ctx, n)
		if ctx.Err() != nil {
			break
		}
		if failing != (err != nil) {
			if failing = err != nil; failing {
				n.log.Warn("setups name this node alone: the others are not known", "error", err)
			} else {
				n.log.Info("setups name the node with the fewest sessions")
			}
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
			continue
		}
		break
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	// If it can't be told, nobody hears of this node for long.
	_ = n.store.CloseDoor(last, d.own.Node)
}

func (d *doors) exchange(ctx context.Context, n *node) error {
	own := d.own
	own.Sessions = n.recorder.Active()
	open := n.health.ready(ctx) == nil
	var known []store.Door
	var err error
	if open {
		err = n.store.OpenDoor(ctx, own)
	} else {
		err = n.store.CloseDoor(ctx, own.Node)
	}
	if err == nil {
		known, err = n.store.Doors(ctx)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open, d.known, d.given = open, known, map[string]int{}
	return err
}

// choose is the door for a new transfer: this node's, unless it takes none or another has clearly fewer sessions. ready
// says whether a node that took none takes some again.
func (d *doors) choose(sessions int, ready func() bool) store.Door {
	d.mu.Lock()
	open := d.open
	d.mu.Unlock()
	open = open || ready() // It may ask the database, for which the others do not wait.
	d.mu.Lock()
	defer d.mu.Unlock()
	best, least := d.own, sessions+d.given[d.own.Node]
	if open {
		least -= fewer - 1
	}
	elsewhere := false
	for _, other := range d.known {
		if other.Node == d.own.Node {
			continue
		}
		load := other.Sessions + d.given[other.Node]
		if load < least || !open && !elsewhere {
			best, least, elsewhere = other, load, true
		}
	}
	if d.given != nil {
		d.given[best.Node]++
	}
	return best
}
