// Package phase runs the named steps of a reconciliation and turns what they report into conditions and into
// one answer to controller-runtime.
//
// A controller lists its steps in a table of Phase. Each step returns an Outcome; no other code decides about
// requeueing or about the status of a condition. The package knows nothing of any kind and writes nothing.
package phase

import (
	"time"
)

type kind int

const (
	done kind = iota
	waiting
	invalid
	transient
	blocked
	absent
)

// Outcome is what a phase found. Make one with Done, Waiting, Invalid or Transient. Reason is one of the
// reasons of api/v1alpha1; Message is for people, ends up in the object's status and in events, and must hold
// no secret and no generated name.
type Outcome struct {
	kind    kind
	Reason  string
	Message string
	err     error
	after   time.Duration
}

// Done says that the part is as the spec asks.
func Done(reason, message string) Outcome {
	return Outcome{kind: done, Reason: reason, Message: message}
}

// Waiting says that nothing is wrong but time must pass. A watch will tell; use After where none does.
func Waiting(reason, message string) Outcome {
	return Outcome{kind: waiting, Reason: reason, Message: message}
}

// Invalid says that nothing will happen until a person changes something: the object becomes Stalled.
func Invalid(reason, message string) Outcome {
	return Outcome{kind: invalid, Reason: reason, Message: message}
}

// Transient says that something failed that may work when tried again. err is logged and tried again with a growing
// delay; like Message it must hold no secret.
func Transient(reason, message string, err error) Outcome {
	return Outcome{kind: transient, Reason: reason, Message: message, err: err}
}

// Absent says that the object has no such part: there is no condition of it, and what needs it need not wait.
func Absent() Outcome { return Outcome{kind: absent} }

// After asks for another look after d, in addition to what watches and the outcome itself bring. The
// shortest of all phases counts.
func (o Outcome) After(d time.Duration) Outcome {
	o.after = d
	return o
}

// IsDone tells whether the part is as the spec asks.
func (o Outcome) IsDone() bool { return o.kind == done || o.kind == absent }

// IsInvalid tells whether a person has to change something.
func (o Outcome) IsInvalid() bool { return o.kind == invalid }

// Err is the error of a Transient outcome, else nil.
func (o Outcome) Err() error { return o.err }
