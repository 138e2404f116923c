package engine

import "faspex.io/operator/dataplane/engine/ratecontrol"

// RateGroup is a virtual link: a total that the senders of a node share by the weight of their policies,
// whatever paths they take. What one of them cannot use goes to the others. Receivers of a node share another one.
type RateGroup struct{ group *ratecontrol.Group }

// NewRateGroup makes a group that sends at most total bits per second in all; 0 is no limit.
func NewRateGroup(total int64) *RateGroup { return &RateGroup{ratecontrol.NewGroup(total)} }

// SetTotal changes the total while flows run.
func (g *RateGroup) SetTotal(total int64) { g.group.SetTotal(total) }

// Total is the total, 0 is no limit; Flows is how many share it now.
func (g *RateGroup) Total() int64 { return g.group.Total() }

// Flows is how many senders or receivers share the total now.
func (g *RateGroup) Flows() int { return g.group.Flows() }
