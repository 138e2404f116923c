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

const iperfPort = 5201

// iperfReport is the part of iperf3's report that is read.
type iperfReport struct {
	Start struct {
		Timestamp struct {
			Timesecs int64 `json:"timesecs"`
		} `json:"timestamp"`
	} `json:"start"`
	Intervals []struct {
		Sum struct {
			End   float64 `json:"end"`
			Bytes int64   `json:"bytes"`
		} `json:"sum"`
	} `json:"intervals"`
	End struct {
		Received struct {
			Bytes   int64   `json:"bytes"`
			Seconds float64 `json:"seconds"`
		} `json:"sum_received"`
	} `json:"end"`
	Error string `json:"error"`
}

// Iperf is TCP, memory to memory and in the clear, with a congestion control and a number of connections. It runs for
// the time that the file would take at the rate of the link; without a rate it sends the bytes of the file.
func Iperf(control string, connections int) Flow {
	name := "tcp " + control
	if connections > 1 {
		name = fmt.Sprintf("%d x %s", connections, name)
	}
	return Flow{name, func(ctx context.Context, j Job) (Outcome, error) {
		var o Outcome
		port := strconv.Itoa(iperfPort + j.Slot)
		var received bytes.Buffer
		server, err := j.Pair.B.Start(ctx, testbed.Command{Name: "iperf3", Args: []string{"-s", "-1", "-J", "-p", port},
			Output: &received})
		if err != nil {
			return o, err
		}
		defer server.Stop()
		if !j.Pair.B.Answers(ctx, iperfPort+j.Slot) {
			return o, server.Failed(errors.New("iperf3 does not listen"))
		}
		args := []string{"-c", j.Pair.Address, "-p", port, "-C", control, "-P", strconv.Itoa(connections), "-J"}
		switch {
		case j.Timed:
			args = append(args, "-t", strconv.Itoa(int(j.Limit.Seconds())))
		case j.RateBps > 0:
			ideal := float64(j.Bytes)*8/float64(j.RateBps)/payloadShare + 2*j.RTT.Seconds()
			args = append(args, "-t", strconv.Itoa(int(min(ideal, j.Limit.Seconds())+1)))
		default:
			args = append(args, "-n", strconv.FormatInt(j.Bytes, 10))
		}
		began := time.Now()
		client, err := j.Pair.A.Start(ctx, testbed.Command{Name: "iperf3", Args: args, Output: &bytes.Buffer{}})
		if err != nil {
			return o, err
		}
		// A sender whose queue of a lossy link has to drain first takes longer than it was told to.
		if _, err := client.Wait(j.Limit + 30*time.Second); err != nil {
			return o, client.Failed(fmt.Errorf("iperf3: %w", err))
		}
		if _, err := server.Wait(10 * time.Second); err != nil {
			return o, server.Failed(fmt.Errorf("iperf3 server: %w", err))
		}
		o.ended(client, server)
		return o, o.readIperf(received.Bytes(), began)
	}}
}

func (o *Outcome) readIperf(text []byte, began time.Time) error {
	var r iperfReport
	if err := json.Unmarshal(text, &r); err != nil {
		return fmt.Errorf("report of iperf3: %w", err)
	}
	if r.Error != "" {
		return fmt.Errorf("iperf3: %s", r.Error)
	}
	sum := int64(0)
	for _, i := range r.Intervals {
		sum += i.Sum.Bytes
		o.Series = append(o.Series, Sample{began.Add(time.Duration(i.Sum.End * 1e9)), sum})
	}
	o.Bytes, o.Seconds = r.End.Received.Bytes, r.End.Received.Seconds
	if o.Bytes == 0 {
		return errors.New("iperf3 received nothing")
	}
	return nil
}
