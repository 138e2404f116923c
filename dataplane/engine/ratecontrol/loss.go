package ratecontrol

import "time"

const (
	lossMargin   = 0.03            // loss above the floor that counts as the bottleneck's
	mostLoss     = 0.4             // of a path
	calmLossTime = 5 * time.Second // over which loss without a queue is averaged
)

// doubtLoss forgets what the path seemed to lose when the base falls: the queue was not short then.
func (c *Controller) doubtLoss(want float64) {
	if c.base.fell(c.floorBase).Seconds() > want {
		c.floor, c.calmLoss, c.floorBase = lossFloor{}, 0, c.base.least()
	}
	c.floorBase = max(c.floorBase, c.base.least())
}

// learnCalmLoss averages what is lost while the queue is short.
func (c *Controller) learnCalmLoss(want float64, dt time.Duration) {
	if c.queue.Seconds() < want {
		c.calmLoss += (c.loss - c.calmLoss) * min(dt.Seconds()/calmLossTime.Seconds(), 1)
	}
}

// learnFloor follows the loss of the path, but for the time in which a new ceiling has not shown yet. Who has never
// seen the queue long may have begun while others kept it full: it seems empty then.
// While a step back shows, the queue is short, and the loss still that of before.
func (c *Controller) learnFloor(now time.Duration, want float64) {
	if c.ceiling.rate == 0 || now-c.ceiling.at > c.span()+c.loop() {
		short := c.queue.Seconds() < want && c.isDeep(now) && now > c.drain.until+c.span()+c.loop()
		c.floor.add(now, min(c.loss, mostLoss), short)
	}
}

// lossFloor is the loss a path has without being full: the smallest of a slow window.
type lossFloor struct {
	set     bool
	start   time.Duration
	value   float64
	next    float64
	doubted bool // there was more, which was not believed
}

const (
	floorWindow = 10 * time.Second
	usualLoss   = 0.05
)

// add takes the loss of a window. More than usual is the path's only if the queue is known to be short.
func (f *lossFloor) add(now time.Duration, loss float64, short bool) {
	switch {
	case f.doubted && short:
		*f = lossFloor{}
	case !short && loss > max(f.value, usualLoss):
		loss, f.doubted = max(f.value, usualLoss), true
	}
	switch {
	case !f.set:
		f.set, f.start, f.value, f.next = true, now, loss, loss
	case now-f.start > floorWindow:
		f.start, f.value, f.next = now, f.next, loss
	default:
		f.value, f.next = min(f.value, loss), min(f.next, loss)
	}
}

// raise says that the path loses this much now.
func (f *lossFloor) raise(loss float64) { f.value, f.next, f.doubted = loss, loss, false }
