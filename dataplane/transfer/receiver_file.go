package transfer

import (
	"sync"
	"time"

	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/unfinished"
)

// gotFile is one entry of the manifest at the receiver.
type gotFile struct {
	entry    control.Entry
	index    uint64
	start    int64
	slot     int // in receiver.space
	began    time.Time
	target   string
	plain    string // the name it gets once it is decrypted, if it is to be
	claimed  bool
	reserved int64 // guarded by receiver.mu
	weight   int   // of the entry: manifest.Weight
	holes    chunk.Set
	part     *control.Part    // of the file, nil for all of it
	sending  *control.Sending // collected parts of a Sending

	// writing is held while bytes are written: Linux lets one write at a time into a file, and has the others spin.
	writing sync.Mutex
	behind  int // bytes written since the kernel was told to write them to disk

	mu      sync.Mutex
	changed *sync.Cond // of what a follower waits for; nil without one
	have    chunk.Set
	draft   Draft
	local   unfinished.Draft // what draft is in a folder of the host
	resumed int64
	hashes  chunk.Hashes // of the chunks that are here; nil before the first
	zeroes  int          // how many of them are of holes
	counted bool         // in receiver.holeChunks
	newer   bool         // than what has its name
	phase   phase
	// readers are those who read the file before it can be finalized: for the checksum, and to compare what is resumed.
	readers int
	// staged is the hash of a file all of which was written at once, else nil.
	staged *[16]byte
	// expected is the sender's hash, announced its checksum.
	expected  *[16]byte
	announced []byte
	checksum  []byte
	// encrypted is why the file was not decrypted.
	encrypted *fail.Error
}

// finishedFile stands for every entry that is done: nothing more is to be said of it.
var finishedFile = &gotFile{phase: finished}
