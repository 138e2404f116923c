// Package flows runs one transfer with one program between the two ends of a testbed and says how it went: the
// project's own ascp and engine, and the programs it is measured against. Each is started with what its manual says for
// such a path, and is stopped when it takes too long. The package knows neither scenarios nor bars.
package flows

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

// payloadShare is the part of an IP packet of 1500 bytes that is payload: the best that a protocol
// with keys and numbers reaches.
const payloadShare = 0.96

// Job is what to transfer, from where to where.
type Job struct {
	Pair     *testbed.Pair
	Programs string // folder of the programs that were built for this
	Folder   string // folder in memory for what arrives and for settings
	Source   string // file or folder at A
	Bytes    int64
	Files    int
	RateBps  int64 // of the link, for those who have to be told; 0 is unknown
	RTT      time.Duration
	Limit    time.Duration // what takes longer is stopped
	Timed    bool          // run for Limit instead of to the end, if the program can
	Slot     int           // tells flows apart that run at the same time
	Log      io.Writer     // takes what ascp says of its rate control; nil is nobody
}

// Outcome is how it went. Seconds are those between the first data and the last byte verified (or the cut), without
// what the program needs to connect, which is Handshake.
type Outcome struct {
	Bytes                  int64
	Files                  int
	Seconds                float64
	Handshake              time.Duration
	SenderCPU, ReceiverCPU float64 // seconds of processor time, both ends, all processes
	PeakMemory             int64   // the larger one's, bytes; 0 is unknown
	Cut                    bool
	Series                 []Sample // how many bytes had arrived when; not of all programs
}

// Sample is a point of a series.
type Sample struct {
	At    time.Time
	Bytes int64
}

// Goodput is in bits per second.
func (o Outcome) Goodput() float64 {
	if o.Seconds <= 0 {
		return 0
	}
	return float64(o.Bytes) * 8 / o.Seconds
}

// Between is the goodput between two moments, by linear interpolation of the series.
func (o Outcome) Between(from, to time.Time) float64 {
	if !to.After(from) {
		return 0
	}
	return (o.at(to) - o.at(from)) * 8 / to.Sub(from).Seconds()
}

func (o Outcome) at(t time.Time) float64 {
	for i, s := range o.Series {
		if s.At.Before(t) {
			continue
		}
		if i == 0 {
			return 0
		}
		p := o.Series[i-1]
		part := float64(t.Sub(p.At)) / float64(s.At.Sub(p.At))
		return float64(p.Bytes) + part*float64(s.Bytes-p.Bytes)
	}
	if n := len(o.Series); n > 0 {
		return float64(o.Series[n-1].Bytes)
	}
	return 0
}

// Flow is a program with its settings.
type Flow struct {
	Name string
	Run  func(context.Context, Job) (Outcome, error)
}

// arrivals makes an empty folder for what arrives.
func (j Job) arrivals() (string, error) {
	folder := filepath.Join(j.Folder, "arrived-"+strconv.Itoa(j.Slot))
	if err := os.RemoveAll(folder); err != nil {
		return "", err
	}
	return folder, os.MkdirAll(folder, 0o755)
}

func (j Job) program(name string) (string, error) {
	file := filepath.Join(j.Programs, name)
	if _, err := os.Stat(file); err != nil {
		return "", fmt.Errorf("%s was not built: %w", name, err)
	}
	return file, nil
}

// arrived fills in what is in the folder.
func (o *Outcome) arrived(folder string) {
	o.Bytes, o.Files = testbed.Size(folder)
	_ = os.RemoveAll(folder) // The folder above it is removed at the end in any case.
}

// ended fills in what the processes at both ends used.
func (o *Outcome) ended(sender, receiver *testbed.Process) {
	o.SenderCPU, o.ReceiverCPU = sender.CPU(), receiver.CPU()
	o.PeakMemory = max(sender.PeakMemory(), receiver.PeakMemory())
}
