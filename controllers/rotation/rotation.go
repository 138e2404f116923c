// Package rotation decides when credentials are replaced and for how long the former ones stay good. It knows no kind of
// credentials and keeps nothing: whoever replaces them remembers when.
package rotation

import (
	"fmt"
	"time"

	"faspex.io/operator/api/v1alpha1"
)

const defaultOverlap = 24 * time.Hour

// Schedule says when credentials are due.
type Schedule struct {
	// Every is the age at which they are replaced; 0 is never.
	Every time.Duration
	// Overlap is how long the former ones are good beside the new.
	Overlap time.Duration
	// At is when they are replaced once more; the zero time is never.
	At time.Time
}

// Of reads spec, which may be nil, and the annotation of an object. The error, of an annotation that holds no time, names
// it; the schedule is then without it.
func Of(spec *v1alpha1.Rotation, annotations map[string]string) (Schedule, error) {
	s := Schedule{Overlap: defaultOverlap}
	if spec != nil && spec.Every != nil {
		s.Every = spec.Every.Duration
	}
	if spec != nil && spec.Overlap != nil {
		s.Overlap = spec.Overlap.Duration
	}
	text := annotations[v1alpha1.RotateAtAnnotation]
	if text == "" {
		return s, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return s, fmt.Errorf("metadata.annotations[%s]: must be a time such as 2026-01-02T15:04:05Z",
			v1alpha1.RotateAtAnnotation)
	}
	s.At = at.Truncate(time.Second) // rotations are remembered in whole seconds
	return s, nil
}

// Due tells whether credentials that were made at a time have to be replaced.
func (s Schedule) Due(made, now time.Time) bool {
	next, ever := s.next(made)
	return ever && !now.Before(next)
}

// Wait is how long after now credentials that were made at a time are due; 0 if never.
func (s Schedule) Wait(made, now time.Time) time.Duration {
	next, ever := s.next(made)
	if !ever {
		return 0
	}
	return max(next.Sub(now), time.Second)
}

func (s Schedule) next(made time.Time) (next time.Time, ever bool) {
	if s.Every > 0 {
		next, ever = made.Add(s.Every), true
	}
	if s.At.After(made) && (!ever || s.At.Before(next)) {
		next, ever = s.At, true
	}
	return next, ever
}
