// Package eventlimit keeps events from being told over and over: the same words about the same object come once a minute
// at most. It knows nothing of what the events are about.
package eventlimit

import (
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
)

// Interval is how long the same event is not told again.
const Interval = time.Minute

type event struct {
	uid          types.UID
	reason, note string
}

// Recorder passes events on to another. Safe for concurrent use.
type Recorder struct {
	to  events.EventRecorder
	now func() time.Time

	mu   sync.Mutex
	told map[event]time.Time
}

// New returns a Recorder that passes on to another; now is the clock.
func New(to events.EventRecorder, now func() time.Time) *Recorder {
	return &Recorder{to: to, now: now, told: map[event]time.Time{}}
}

// Eventf implements events.EventRecorder.
func (r *Recorder) Eventf(regarding, related runtime.Object, kind, reason, action, note string, args ...any) {
	text := fmt.Sprintf(note, args...)
	if object, err := meta.Accessor(regarding); err == nil && r.repeats(event{object.GetUID(), reason, text}) {
		return
	}
	r.to.Eventf(regarding, related, kind, reason, action, "%s", text)
}

// repeats tells whether an event was told within the interval, and remembers it if not.
func (r *Recorder) repeats(e event) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for other, at := range r.told {
		if now.Sub(at) >= Interval {
			delete(r.told, other)
		}
	}
	if _, told := r.told[e]; told {
		return true
	}
	r.told[e] = now
	return false
}
