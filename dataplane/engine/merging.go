package engine

// Some kernels merge arriving datagrams wrongly, so that what is cut out of a merged train does not
// authenticate. Whether the kernel does it is found out by a trial: merging is switched off, and if nothing is
// damaged from then on, it stays off.
//
// A stranger who can write the peer's address on datagrams must not be able to bring that about. So only trains of the
// proved peer's address count; nothing does while datagrams that came alone are damaged too, which strangers can
// hardly avoid; and when datagrams are damaged in the trial, merging comes back, each time for twice as
// many trains.
const (
	mergeSuspects = 8    // damaged trains that begin a trial
	mergeForget   = 1000 // whole trains in a row that let damaged ones be forgotten
	mergeTrial    = 512  // datagrams of a trial
)

// verdict is what to do about the merging of datagrams.
type verdict int

const (
	mergeKeep verdict = iota
	mergeTry          // switch it off, on trial
	mergeBack         // switch it on again
	mergeOff          // it stays off
)

// mergeJudge finds out whether the kernel merges datagrams wrongly.
type mergeJudge struct {
	suspects int
	whole    int  // undamaged merged trains since
	seen     bool // a merged train was undamaged, ever
	trials   int
	left     int // datagrams until the end of the trial; 0 is no trial
	over     bool
}

// train takes what became of the datagrams of one train.
func (j *mergeJudge) train(merged bool, good, bad int) verdict {
	switch {
	case j.over:
	case j.left > 0:
		if bad > 0 {
			j.left, j.suspects, j.whole = 0, 0, 0
			return mergeBack
		}
		if j.left -= good; j.left <= 0 {
			j.left, j.over = 0, true
			return mergeOff
		}
	case !merged:
		if bad > 0 {
			j.suspects = 0
		}
	case bad == 0:
		j.seen = true
		if j.whole++; j.whole >= mergeForget {
			j.suspects, j.whole = 0, 0
		}
	case good > 0 || !j.seen:
		j.whole = 0
		if j.suspects++; j.suspects >= mergeSuspects<<min(j.trials, 20) {
			j.trials++
			j.left = mergeTrial
			return mergeTry
		}
	}
	return mergeKeep
}

// judgeMerging has the judge see the last train.
func (r *Receiver) judgeMerging(good, bad int) {
	link, ok := r.link.(Merging)
	if !ok || r.judge.over {
		return
	}
	merged, fromPeer := link.Merged()
	if !fromPeer {
		return
	}
	var err error
	switch r.judge.train(merged, good, bad) {
	case mergeTry:
		err = link.SetMerging(false)
	case mergeBack:
		err = link.SetMerging(true)
	case mergeOff:
		link.MergingFails()
		r.cfg.Logger.Warn("the kernel merges datagrams wrongly: they are received singly from now on")
	}
	if err != nil {
		r.judge.over = true
		r.cfg.Logger.Warn("merging of datagrams can't be switched", "error", err)
	}
}
