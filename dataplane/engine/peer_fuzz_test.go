package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/enginetest"
	"faspex.io/operator/dataplane/wire"
)

// errOver ends a session whose peer has nothing more to say.
var errOver = errors.New("the script is over")

// scripted is a link to a peer that has the keys and says whatever a fuzzer wants.
type scripted struct {
	datagrams [][]byte
}

func (l *scripted) Ready(context.Context) (engine.Path, error) {
	return engine.Path{MaxDatagram: 1472, RTT: time.Millisecond, CapacityBps: 1e9, Overhead: 28}, nil
}

func (l *scripted) Send([]byte, int) error { return nil }

func (l *scripted) Receive(buf []byte, _ time.Duration) (n, size int, err error) {
	if len(l.datagrams) == 0 {
		return 0, 0, errOver
	}
	n = copy(buf, l.datagrams[0])
	l.datagrams = l.datagrams[1:]
	return n, n, nil
}

func (l *scripted) Stats() engine.LinkStats { return engine.LinkStats{} }
func (l *scripted) Close() error            { return nil }

var hostileConfig = engine.Config{ID: 0x1122334455667788, Secret: [32]byte{5}, MaxMemory: 8 << 20}

// script makes datagrams of what a fuzzer gives. An instruction is 2 bytes, what it is and how far the packet number
// advances, and then as many bytes as its kind takes.
func script(t *testing.T, in []byte, d wire.Direction) (datagrams [][]byte) {
	t.Helper()
	keys, err := wire.NewKeys(hostileConfig.Secret, uint64(hostileConfig.ID), "aes-128-gcm", d)
	if err != nil {
		t.Fatal(err)
	}
	take := func(n int) []byte {
		b := in[:min(n, len(in))]
		in = in[len(b):]
		return b
	}
	pn := uint64(0)
	for len(in) > 2 && len(datagrams) < 512 {
		head := take(2)
		pn += uint64(head[1])
		if head[0]&0x80 != 0 { // a number again, or one that went before
			pn -= min(pn, 2*uint64(head[1])+1)
		}
		var header, body []byte
		switch head[0] & 3 {
		case 0: // data that is right, somewhere
			place := append(take(8), make([]byte, 8)...)
			off := int64(binary.BigEndian.Uint64(place)>>2) % (32 << 20)
			if place[0]&1 != 0 { // beyond what is expected, and beyond the space
				off = int64(binary.BigEndian.Uint64(place) & (1<<48 - 1))
			}
			body = make([]byte, int(binary.BigEndian.Uint16(place[6:]))%1439)
			enginetest.Pattern(body, off)
			header = make([]byte, wire.DataHeaderSize, 2048)
			wire.PutPrefix(header, wire.TypeData, uint32(hostileConfig.ID), pn)
			wire.PutOffset(header, off)
		case 1:
			header = make([]byte, wire.SyncHeaderSize, 2048)
			wire.PutPrefix(header, wire.TypeSync, uint32(hostileConfig.ID), pn)
			body = take(24)
		case 2:
			header = make([]byte, wire.PrefixSize, 2048)
			wire.PutPrefix(header, wire.TypeFeedback, uint32(hostileConfig.ID), pn)
			body = take(64)
		case 3: // not sealed at all
			datagrams = append(datagrams, take(int(head[1])))
			continue
		}
		packet, err := keys.Seal(header, body, pn)
		if err != nil {
			t.Fatal(err)
		}
		datagrams = append(datagrams, packet)
	}
	return datagrams
}

// FuzzHostileSender has a receiver survive a sender that has the keys: it ends, keeps to its memory,
// and writes expected bytes only.
func FuzzHostileSender(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 4, 2, 0, 1, 1, 1, 0, 10, 0, 0, 0})
	f.Add([]byte{0, 0, 1, 255, 255, 255, 255, 255, 255, 255, 0x80, 1, 2, 0, 0, 0, 0, 0, 5, 200})
	f.Add([]byte{1, 255, 7, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 1, 1, 1, 1, 3, 40, 0x11, 0x55, 0x66, 0x77,
		0x88})
	f.Fuzz(func(t *testing.T, in []byte) {
		sink := &enginetest.Counting{}
		r, err := engine.NewReceiver(hostileConfig, &scripted{datagrams: script(t, in, wire.DirData)}, sink, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range []engine.Range{{Length: 3 << 20}, {Offset: 5<<20 + 7, Length: 11 << 20}} {
			if err := r.Expect(g); err != nil {
				t.Fatal(err)
			}
		}
		r.CloseExpect()
		err = r.Run(t.Context())
		st := r.Stats()
		if err == nil && st.Bytes != 14<<20 {
			t.Errorf("ended well with %d bytes", st.Bytes)
		}
		if st.Bytes > 14<<20 || st.Backlog > hostileConfig.MaxMemory {
			t.Errorf("%d bytes written, %d held", st.Bytes, st.Backlog)
		}
		if sink.Wrong.Load() > 0 || sink.Bytes.Load() != st.Bytes {
			t.Errorf("%d of %d bytes are wrong", sink.Wrong.Load(), sink.Bytes.Load())
		}
	})
}

// FuzzHostileReceiver has a sender survive a receiver that has the keys.
func FuzzHostileReceiver(f *testing.F) {
	ok := wire.Feedback{Done: true, Written: 1 << 20}
	f.Add(append([]byte{2, 0}, ok.Append(nil)...))
	wild := wire.Feedback{From: 1 << 60, To: 1<<60 + 1, Written: 1 << 62, LimitBps: 1 << 62, Packets: 1 << 63,
		Bytes: 1 << 63}
	f.Add(append([]byte{2, 1}, wild.Append(nil)...))
	f.Add([]byte{2, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255})
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := engine.NewSender(hostileConfig, &scripted{datagrams: script(t, in, wire.DirFeedback)}, enginetest.Source{})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Push(engine.Range{Length: 1 << 20}); err != nil {
			t.Fatal(err)
		}
		s.CloseSend()
		// It ends because the receiver says so, or because the script does.
		_ = s.Run(t.Context())
		if st := s.Stats(); st.RateBps < 0 || st.RTT < 0 {
			t.Errorf("rate %d, round trip %v", st.RateBps, st.RTT)
		}
	})
}
