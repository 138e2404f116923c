// Package core measures core: how fast it lists packages among a million (make bench-core). It has benchmarks only.
package core
