package flows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

const peerPort = 4433

// peerReport is what the senders of hack/bench/peers print.
type peerReport struct {
	Bytes     int64   `json:"bytes"`
	Seconds   float64 `json:"seconds"`
	Handshake float64 `json:"handshake"`
}

// Quic is one stream of quic-go.
func Quic() Flow {
	return Flow{"quic-go", func(ctx context.Context, j Job) (Outcome, error) { return peer(ctx, j, "quic") }}
}

// UDT is one stream of the UDT 4 library.
func UDT() Flow {
	return Flow{"udt", func(ctx context.Context, j Job) (Outcome, error) { return peer(ctx, j, "udt") }}
}

// peer runs "NAME recv" at B and "NAME send" at A.
func peer(ctx context.Context, j Job, name string) (Outcome, error) {
	var o Outcome
	folder, err := j.arrivals()
	if err != nil {
		return o, err
	}
	program, err := j.program(name)
	if err != nil {
		return o, err
	}
	port := strconv.Itoa(peerPort + j.Slot)
	receiver, err := j.Pair.B.Start(ctx, testbed.Command{Name: program,
		Args: []string{"-addr", "0.0.0.0:" + port, "-file", filepath.Join(folder, "file"), "recv"}})
	if err != nil {
		return o, err
	}
	defer receiver.Stop()
	if !j.Pair.B.Answers(ctx, peerPort+j.Slot) {
		return o, receiver.Failed(errors.New(name + " does not listen"))
	}
	var out bytes.Buffer
	sender, err := j.Pair.A.Start(ctx, testbed.Command{Name: program,
		Args: []string{"-addr", j.Pair.Address + ":" + port, "-file", j.Source, "send"}, Output: &out})
	if err != nil {
		return o, err
	}
	began := time.Now()
	inTime, err := sender.Wait(j.Limit)
	if err != nil {
		return o, sender.Failed(fmt.Errorf("%s: %w", name, err))
	}
	o.Seconds = time.Since(began).Seconds()
	receiver.Stop()
	o.arrived(folder)
	o.ended(sender, receiver)
	if !inTime {
		o.Cut, o.Seconds = true, j.Limit.Seconds()
		return o, nil
	}
	var r peerReport
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		return o, fmt.Errorf("report of %s: %w", name, err)
	}
	if r.Bytes != o.Bytes {
		return o, fmt.Errorf("%s sent %d bytes, %d arrived", name, r.Bytes, o.Bytes)
	}
	o.Seconds, o.Handshake = r.Seconds, time.Duration(r.Handshake*1e9)
	return o, nil
}
