package ratecontrol

import "time"

// Delivery is the rate at which packets arrive, Capacity the estimate of the bottleneck.
func (c *Controller) Delivery() int64 { return int64(c.delivery) }

// Capacity is the estimate of the bottleneck's rate, 0 when unknown.
func (c *Controller) Capacity() int64 { return int64(c.cap) }

// Loss is the share of packets lost lately.
func (c *Controller) Loss() float64 { return c.loss }

// Mode says in a word how the rate is found: fixed; delay, by the queue, as where nobody else fills the buffer; cubic
// or deaf, beside others who do and who yield to loss or do not; truce, while that is found out; shallow, where the
// buffer does not hold the wanted queue.
func (c *Controller) Mode() string {
	switch {
	case c.lim.Policy == Fixed:
		return "fixed"
	case c.truce.until > 0:
		return "truce"
	case c.contest.on && c.last < c.rivals.deafUntil:
		return "deaf"
	case c.contest.on:
		return "cubic"
	case c.ceiling.rate > 0:
		return "shallow"
	}
	return "delay"
}

// Queue is the standing queue, MeanQueue the mean of the last report.
func (c *Controller) Queue() time.Duration { return c.queue }

// MeanQueue is the mean queueing delay of the last report's packets.
func (c *Controller) MeanQueue() time.Duration { return c.mean }
