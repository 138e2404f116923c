package main

import (
	"fmt"
	"sync"

	"faspex.io/operator/dataplane/transfer"
	"github.com/dustin/go-humanize"
)

// tally tells apart what did not have to be sent.
type tally struct {
	mu sync.Mutex
	// kept are files that the other end had whole, holes the bytes of those in sparse files that were sent.
	kept, keptBytes, holes int64
}

func (t *tally) add(e transfer.FileEvent) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case e.Err != nil:
	case e.Skipped && e.LeftOut == nil:
		t.kept++
		t.keptBytes += e.Size
	default:
		t.holes += e.Holes
	}
}

// rest is the part of the last line about bytes that were not sent; resumed is how many there are in all.
func (t *tally) rest(resumed int64) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := min(t.keptBytes, resumed) // Files of an earlier session of the transfer are kept by the later ones.
	holes := min(t.holes, resumed-kept)
	text := ""
	if t.kept > 0 {
		text += fmt.Sprintf(", %s of them kept as they were there (%s)", files(t.kept), humanize.IBytes(uint64(kept)))
	}
	if n := resumed - kept - holes; n > 0 {
		text += fmt.Sprintf(", %s resumed", humanize.IBytes(uint64(n)))
	}
	if holes > 0 {
		text += fmt.Sprintf(", %s in holes not sent", humanize.IBytes(uint64(holes)))
	}
	return text
}
