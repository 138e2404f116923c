package main

import "time"

// outcome is how a run went. Memory and processor time are those of one session: the node's by the number of sessions,
// the median of the clients.
type outcome struct {
	rates              []float64 // of each session, bits per second
	begun              time.Duration
	nodeMiB, clientMiB float64
	nodeCPU, clientCPU float64 // seconds per second
	others             float64 // part of the machine that others used
	note               string
}

func (o outcome) sum() (sum float64) {
	for _, r := range o.rates {
		sum += r
	}
	return sum
}

func (o outcome) mean() float64 { return o.sum() / float64(len(o.rates)) }

// jain is Jain's index of fairness, (sum x)^2 / (n sum x^2): 1 when all have the same, 1/n when one has everything.
func (o outcome) jain() float64 {
	var squares float64
	for _, r := range o.rates {
		squares += r * r
	}
	if squares == 0 {
		return 0
	}
	return o.sum() * o.sum() / (float64(len(o.rates)) * squares)
}
