package confine

import (
	"flag"
	"math/rand/v2"
	"testing"
	"time"
)

var attacks = flag.Duration("attacks", 0, "for how long TestRandomAttacks plays others than those of every run")

// TestRandomAttacks plays attacks at random: a few that are always the same, and with -attacks new ones for as long. It
// is faster than the fuzzer, whose instrumented cryptography takes most of its time.
func TestRandomAttacks(t *testing.T) {
	const always = 6
	nodes := [2]*node{newNode(t), newNode(t)}
	random := rand.New(rand.NewChaCha8([32]byte{7}))
	if *attacks > 0 {
		random = rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64()))
	}
	for n, end := 0, time.Now().Add(*attacks); n < always || time.Now().Before(end); n++ {
		script := make([]byte, 20+random.IntN(60))
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		if play(t, nodes, script); t.Failed() {
			t.Fatalf("attack %d: %v", n, script)
		}
		if n%100 == 99 {
			t.Logf("%d attacks", n+1)
		}
	}
}
