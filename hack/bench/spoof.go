package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math/rand/v2"
	"net"
	"os"
	"sync/atomic"
	"time"

	"faspex.io/operator/dataplane/wire"
)

// Forged handshakes: as many a second, from as many addresses.
const (
	forgedPerSecond = 10_000
	forgers         = 64
)

// spoof measures both ends over loopback without and with forged handshakes beside them, whose sender is a thread of
// the same process and has its part of the processors.
func (s *settings) spoof(ctx context.Context) error {
	var goodput [2]float64
	var forged atomic.Int64
	for i := range goodput {
		results := make(chan result, 2)
		run := *s
		run.results = results
		if i == 1 {
			run.beside = func(ctx context.Context, address string) { forge(ctx, address, &forged) }
		}
		if err := run.both(ctx); err != nil {
			return err
		}
		goodput[i] = (<-results).GoodputMbps
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"role": "spoof", "goodput_mbps_without": goodput[0],
		"goodput_mbps_with": goodput[1], "share": goodput[1] / goodput[0], "forged": forged.Load()})
}

// forge sends hellos that nobody sealed until ctx ends: half to the session that runs, half to none.
func forge(ctx context.Context, address string, sent *atomic.Int64) {
	var conns []net.Conn
	for range forgers {
		c, err := net.Dial("udp", address)
		if err != nil {
			return
		}
		defer c.Close()
		conns = append(conns, c)
	}
	hello := make([]byte, wire.MinDatagram)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	start := time.Now()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for due := int(time.Since(start).Seconds() * forgedPerSecond); n < due; n++ {
			id := uint32(session & 0xffffffff)
			if n%2 == 1 {
				id = rand.Uint32()
			}
			wire.PutPrefix(hello, wire.TypeLink, id, rand.Uint64())
			binary.BigEndian.PutUint64(hello[wire.PrefixSize:], rand.Uint64())
			if _, err := conns[n%forgers].Write(hello); err == nil {
				sent.Add(1)
			}
		}
	}
}
