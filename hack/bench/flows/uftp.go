package flows

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"faspex.io/operator/hack/bench/testbed"
)

const uftpPort = 1044

// uftpTime is how long the file took, in its report.
var uftpTime = regexp.MustCompile(`Status: Completed +time: +([0-9.]+) seconds`)

// Uftp is uftp to one receiver, without encryption, told the rate of the link.
func Uftp() Flow {
	return Flow{"uftp", func(ctx context.Context, j Job) (Outcome, error) {
		var o Outcome
		folder, err := j.arrivals()
		if err != nil {
			return o, err
		}
		port := strconv.Itoa(uftpPort + j.Slot)
		receiver, err := j.Pair.B.Start(ctx, testbed.Command{Name: "uftpd",
			Args: []string{"-d", "-D", folder, "-B", "16777216", "-p", port, "-I", j.Pair.Device}})
		if err != nil {
			return o, err
		}
		defer receiver.Stop()
		if !j.Pair.B.Answers(ctx, uftpPort+j.Slot) {
			return o, receiver.Failed(errors.New("uftpd does not listen"))
		}
		sender, err := j.Pair.A.Start(ctx, testbed.Command{Name: "uftp",
			Args: []string{"-M", j.Pair.Address, "-P", j.Pair.Address, "-p", port,
				"-H", j.Pair.Address, "-I", j.Pair.Device, "-R", strconv.FormatInt(j.RateBps/1000, 10), "-B", "16777216", "-b",
				"1432", j.Source}})
		if err != nil {
			return o, err
		}
		began := time.Now()
		inTime, err := sender.Wait(j.Limit)
		if err != nil {
			return o, sender.Failed(fmt.Errorf("uftp: %w", err))
		}
		o.Cut, o.Seconds = !inTime, sender.EndedAt().Sub(began).Seconds()
		if m := uftpTime.FindStringSubmatch(sender.Errors()); m != nil {
			total := o.Seconds
			if o.Seconds, err = strconv.ParseFloat(m[1], 64); err != nil {
				return o, fmt.Errorf("report of uftp: %w", err)
			}
			o.Handshake = time.Duration((total - o.Seconds) * 1e9)
		}
		receiver.Stop()
		o.arrived(folder)
		o.ended(sender, receiver)
		return o, nil
	}}
}
