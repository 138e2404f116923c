package transfer

import "golang.org/x/sync/errgroup"

// piece is bytes of the transfer space that belong to one file, from off on in it.
type piece[F any] struct {
	file F
	b    []byte
	off  int64
}

// With many small files most of the time is spent waiting for a file system, above all one that is not on this machine:
// the pieces of a block are moved by several goroutines when there are enough for all.
const (
	parallelWays = 4
	parallelFrom = 32
)

// eachPiece calls do with every piece, in order or, of many, several at a time. No two pieces may be of one file.
func eachPiece[F any](pieces []piece[F], do func(piece[F]) error) error {
	ways := parallelWays
	if len(pieces) < parallelFrom {
		ways = 1
	}
	some := func(pieces []piece[F]) error {
		for _, p := range pieces {
			if err := do(p); err != nil {
				return err
			}
		}
		return nil
	}
	var group errgroup.Group
	for i := 1; i < ways; i++ {
		group.Go(func() error { return some(pieces[len(pieces)*i/ways : len(pieces)*(i+1)/ways]) })
	}
	err := some(pieces[:len(pieces)/ways])
	if other := group.Wait(); err == nil {
		err = other
	}
	return err
}
