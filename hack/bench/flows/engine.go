package flows

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

const enginePort = 34001

// Engine is the project's engine without control channel, manifest and digests: hack/bench.
func Engine(policy string) Flow {
	return Flow{"engine " + policy, func(ctx context.Context, j Job) (Outcome, error) {
		var o Outcome
		program, err := j.program("bench")
		if err != nil {
			return o, err
		}
		port := strconv.Itoa(enginePort + j.Slot)
		common := []string{"-bytes", strconv.FormatInt(j.Bytes, 10), "-dir", j.Folder, "-policy", policy, "-rate",
			strconv.FormatInt(j.RateBps*99/100, 10)}
		if policy != "fixed" {
			common = common[:len(common)-2]
		}
		receiver, err := j.Pair.B.Start(ctx, testbed.Command{Name: program,
			Args: append([]string{"-addr", "0.0.0.0:" + port}, append(common, "recv")...)})
		if err != nil {
			return o, err
		}
		defer receiver.Stop()
		if !j.Pair.B.Answers(ctx, enginePort+j.Slot) {
			return o, receiver.Failed(errors.New("the engine does not listen"))
		}
		var out bytes.Buffer
		sender, err := j.Pair.A.Start(ctx, testbed.Command{Name: program, Output: &out,
			Args: append([]string{"-addr", j.Pair.Address + ":" + port}, append(common, "send")...)})
		if err != nil {
			return o, err
		}
		// It writes the file that it sends first.
		if inTime, err := sender.Wait(j.Limit + time.Minute); err != nil || !inTime {
			return o, sender.Failed(errors.Join(err, fmt.Errorf("the engine's sender ended in time: %t", inTime)))
		}
		if _, err := receiver.Wait(10 * time.Second); err != nil {
			return o, receiver.Failed(err)
		}
		o.ended(sender, receiver)
		var r struct {
			Bytes      int64
			Seconds    float64
			CPUSeconds float64 `json:"cpu_seconds"`
			Handshake  float64 `json:"handshake_seconds"`
		}
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			return o, fmt.Errorf("report of the engine: %w", err)
		}
		o.Bytes, o.Files, o.Seconds, o.Handshake = r.Bytes, 1, r.Seconds, time.Duration(r.Handshake*1e9)
		o.SenderCPU = r.CPUSeconds // without the writing of the file
		return o, nil
	}}
}
