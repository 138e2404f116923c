package engine

import (
	"slices"

	"faspex.io/operator/dataplane/wire"
)

// A path may cease to carry packets of the size that the handshake found (a route changes, and nobody says
// so), or never carry what leaves in trains: kernels 7.0 to 7.1.4 and some hypervisors write wrong lengths and
// checksums into them. Either way data is lost and the smaller, single syncs arrive. The sender then ceases to
// send trains in one piece, or goes on with packets of the least size and tries the larger ones again with
// one packet of data each.
const (
	watchData = 64 // fates of data packets that make a judgement
	watchSync = 4  // and of syncs
)

// pathWatch counts fates until they make a judgement.
type pathWatch struct {
	lost, arrived         int // data packets
	syncsLost, syncsThere int
	ever                  bool  // a data packet arrived
	singly                bool  // trains were given up
	probes                []int // sizes to try, ascending
	calm                  int   // data packets that arrived since the size was lowered
}

// fate counts what became of a packet with n bytes of data, 0 for a sync.
func (w *pathWatch) fate(n int32, missing bool) {
	switch {
	case n > 0 && missing:
		w.lost++
	case n > 0:
		w.arrived++
		w.calm++
		w.ever = true
	case missing:
		w.syncsLost++
	default:
		w.syncsThere++
	}
}

// hole says that data is lost where syncs are not, once for the fates counted so far.
func (w *pathWatch) hole() bool {
	if w.lost+w.arrived < watchData || w.syncsLost+w.syncsThere < watchSync {
		return false
	}
	hole := w.lost >= 7*w.arrived && w.syncsThere >= 3*w.syncsLost
	w.lost, w.arrived, w.syncsLost, w.syncsThere = 0, 0, 0, 0
	return hole
}

// watchPath changes how data is sent when none of it arrives. Called under the lock.
func (s *Sender) watchPath() {
	w := &s.watch
	if !w.hole() {
		return
	}
	link, can := s.link.(TrainSender)
	// What never worked is more likely the fault of trains: single packets of this size crossed before.
	if can && !w.singly && (!w.ever || s.path.MaxDatagram == wire.MinDatagram) {
		w.singly = true
		link.StopTrains()
		s.cfg.Logger.Warn("no train arrives: datagrams leave singly from now on", "peer", s.path.RemoteAddr)
		return
	}
	if s.path.MaxDatagram == wire.MinDatagram {
		return
	}
	s.cfg.Logger.Warn("the path does not carry its size any more", "peer", s.path.RemoteAddr, "datagram",
		s.path.MaxDatagram)
	w.probes = w.probes[:0]
	for _, size := range wire.CommonSizes {
		if size <= s.path.MaxDatagram {
			w.probes = append(w.probes, size)
		}
	}
	if !slices.Contains(w.probes, s.path.MaxDatagram) {
		w.probes = append(w.probes, s.path.MaxDatagram)
	}
	s.path.MaxDatagram, w.calm = wire.MinDatagram, 0
}

// probeSize is a size to try with the next packet of data, 0 is none: when packets of the least size arrive.
func (w *pathWatch) probeSize() int {
	if len(w.probes) == 0 || w.calm < watchData {
		return 0
	}
	size := w.probes[0]
	w.probes = w.probes[1:]
	return size
}

// carries notes that a packet with n bytes of data arrived.
func (s *Sender) carries(n int32) {
	if size := int(n) + wire.DataOverhead; size > s.path.MaxDatagram && s.watch.calm > 0 {
		s.path.MaxDatagram = size
	}
}
