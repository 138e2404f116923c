package main

// seg is one MTU-sized packet in flight. A super-packet (TSO/USO "train") read
// from TUN is stored once in the arena and described by one seg per wire packet:
// every stage of the model (queue, rate, loss, delay) works on wire packets.
type seg struct {
	due     int64  // ns, when it leaves the emulator
	start   uint32 // arena offset of the train's vnet header
	pay     uint32 // arena offset of this packet's payload
	plen    uint16 // payload bytes
	idx     uint16 // position in the train
	nseg    uint16 // packets in the train
	gso     uint16 // payload bytes of a full packet of the train
	l4      uint8  // transport header offset in the IP packet
	hlen    uint8  // IP + transport header bytes
	kind    uint8
	partial bool // checksum still to be filled in (NEEDS_CSUM): may be merged
}

// late is a packet taken out of the FIFO order (reordering, jitter mix).
type late struct {
	due int64
	seq uint64
	b   []byte // vnet header + packet
}

type lateHeap []late

func (h lateHeap) Len() int { return len(h) }
func (h lateHeap) Less(i, j int) bool {
	return h[i].due < h[j].due || h[i].due == h[j].due && h[i].seq < h[j].seq
}
func (h lateHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *lateHeap) Push(x any)   { *h = append(*h, x.(late)) }
func (h *lateHeap) Pop() any     { o := *h; n := len(o); x := o[n-1]; *h = o[:n-1]; return x }
