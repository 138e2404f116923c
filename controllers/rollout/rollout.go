// Package rollout decides how the pods of a DaemonSet make way for new ones, machine by machine: a machine is drained
// first, which means that it is given no new work, and its pod is deleted when its work is done or a deadline is over.
// A machine that an administrator drains is left without new work, and its pod stays.
//
// It is pure. What it remembers is in the pods: whoever decides next sees how far the one before was.
package rollout

import (
	"slices"
	"strings"
	"time"
)

// outOfService is how long after the order a pod that goes on being ready is believed to take no new work: a version of
// it that does not know the order never stops being ready.
const outOfService = 3 * time.Minute

// Pod is a pod on its machine.
type Pod struct {
	Name, Machine string
	// Outdated: it is not what the DaemonSet would make now.
	Outdated bool
	// Ready: it is given new work. Running: it works.
	Ready, Running bool
	// Draining is when it was told to take no new work; the zero time if it was not.
	Draining time.Time
	// Sessions are what it works on.
	Sessions int
	// Cordoned: an administrator drains its machine.
	Cordoned bool
}

// Limits bound a rollout.
type Limits struct {
	// MaxUnavailable is how many machines may be drained for the rollout or without a ready pod at a time.
	MaxUnavailable int
	// Deadline is how long a drained machine is waited for.
	Deadline time.Duration
	// Machines is how many shall run a pod.
	Machines int
}

// Action is what is to be done with a pod.
type Action int

// Actions.
const (
	// Drain tells the pod to take no new work.
	Drain Action = iota + 1
	// Undrain tells it to take new work again.
	Undrain
	// Replace deletes it.
	Replace
)

// Step is an action with a pod.
type Step struct {
	Action Action
	Pod    string
}

// Plan is what is to be done now, in order.
func Plan(now time.Time, limits Limits, pods []Pod) []Step {
	sorted := slices.Clone(pods)
	slices.SortFunc(sorted, func(a, b Pod) int { return strings.Compare(a.Machine, b.Machine) })
	var steps []Step
	away := max(limits.Machines-len(sorted), 0) // their pods are being made
	for _, pod := range sorted {
		switch {
		case pod.Cordoned && pod.Draining.IsZero():
			steps = append(steps, Step{Drain, pod.Name})
		case !pod.Outdated && !pod.Cordoned && !pod.Draining.IsZero():
			steps = append(steps, Step{Undrain, pod.Name})
		case pod.Outdated && !pod.Cordoned && done(now, limits, pod):
			steps = append(steps, Step{Replace, pod.Name})
		}
		if !pod.Ready || !pod.Draining.IsZero() || pod.Cordoned {
			away++
		}
	}
	for _, pod := range sorted {
		next := pod.Outdated && pod.Draining.IsZero() && !pod.Cordoned && pod.Running
		if next && (!pod.Ready || away < limits.MaxUnavailable) {
			steps = append(steps, Step{Drain, pod.Name})
			if pod.Ready {
				away++
			}
		}
	}
	return steps
}

// done tells whether an outdated pod may go. One that does not run has nothing to end.
func done(now time.Time, limits Limits, pod Pod) bool {
	if !pod.Running {
		return true
	}
	if pod.Draining.IsZero() {
		return false
	}
	waited := now.Sub(pod.Draining)
	return waited >= limits.Deadline || pod.Sessions == 0 && (!pod.Ready || waited >= outOfService)
}
