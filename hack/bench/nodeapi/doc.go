// Package nodeapi measures the Node API under load, with a long history of transfers (make bench-node). It has benchmarks
// only.
package nodeapi
