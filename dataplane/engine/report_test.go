package engine

import (
	"testing"
	"time"
)

// Datagrams that were sent one after the other and merged by the kernel do not make the path shorter.
func TestMergedDatagramsHaveTheDelayOfTheFirst(t *testing.T) {
	var v interval
	const us = time.Microsecond
	v.add(1000, 1000, 26_000*us, true)
	v.add(3000, 3000, 29_000*us, true)
	v.add(4000, 3000, 29_000*us, true) // sent 1 ms later, received with the one before
	if v.first != 25_000 || v.min != 0 {
		t.Errorf("the least delay is %d us, want 25000", int64(v.first)+v.min)
	}
	if v.echo != 4000 {
		t.Errorf("the newest was sent at %d, want 4000", v.echo)
	}
}
