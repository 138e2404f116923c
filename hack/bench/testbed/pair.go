// Package testbed makes what a measurement runs on: two ends joined by loopback, by a veth pair or by an
// emulated wide-area link, processes at either end with the processor time they used, and files in memory. It
// removes everything at the end, and at the next start what a run left that was killed. It needs root, and
// knows nothing of what is measured.
package testbed

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
)

// Pair is two ends that reach each other. Both are the same place on a loopback pair.
type Pair struct {
	A, B    Place
	Address string // of B, as A reaches it
	Device  string // name of the network device at either end

	emulator *Process
	report   string
}

// Direction is what the emulator counted in one direction. Bytes are those of IP packets.
type Direction struct {
	Packets      uint64  `json:"in_pkts"`
	Bytes        uint64  `json:"in_bytes"`
	OutBytes     uint64  `json:"out_bytes"`
	DroppedQueue uint64  `json:"drop_queue"`
	DroppedLoss  uint64  `json:"drop_loss"`
	NoMemory     uint64  `json:"drop_nomem"`
	MeanQueueMs  float64 `json:"queue_mean_ms"`
	MaxQueueMs   float64 `json:"queue_max_ms"`
	Worthless    string  `json:"worthless"` // why the emulator says that its figures are not the path's, or ""
	LossPercent  float64 `json:"loss_pct"`
}

// Report is what the emulator counted.
type Report struct {
	AB     Direction `json:"ab"`
	BA     Direction `json:"ba"`
	User   float64   `json:"cpu_user_s"` // processor time of the emulator
	System float64   `json:"cpu_sys_s"`
	Unseen uint64    `json:"-"` // packets that the kernel dropped before the emulator could see them
}

// Trouble says why the figures of a run can't be trusted, or "".
func (r Report) Trouble() string {
	switch {
	case r.Unseen > 0:
		return fmt.Sprintf("%d packets never reached the emulator", r.Unseen)
	case r.AB.NoMemory+r.BA.NoMemory > 0:
		return "the emulator ran out of memory"
	}
	return cmp.Or(r.AB.Worthless, r.BA.Worthless)
}

// Loopback makes one place that both ends share.
func Loopback() (*Pair, error) {
	p, err := newPlace()
	if err != nil {
		return nil, err
	}
	return &Pair{A: p, B: p, Address: "127.0.0.1", Device: "lo"}, nil
}

// places makes two places.
func places() (*Pair, error) {
	a, err := newPlace()
	if err != nil {
		return nil, err
	}
	b, err := newPlace()
	if err != nil {
		return nil, errors.Join(err, a.remove())
	}
	return &Pair{A: a, B: b, Address: "10.99.0.2"}, nil
}

// Veth makes two places joined by a veth pair with an MTU of 1500.
func Veth() (*Pair, error) {
	p, err := places()
	if err != nil {
		return nil, err
	}
	p.Device = "veth0"
	err = p.A.within(func() error {
		attrs := netlink.NewLinkAttrs()
		attrs.Name, attrs.MTU = p.Device, 1500
		b, err := openNamespace(p.B)
		if err != nil {
			return err
		}
		defer b.Close()
		return netlink.LinkAdd(&netlink.Veth{LinkAttrs: attrs, PeerName: p.Device, PeerMTU: 1500,
			PeerNamespace: netlink.NsFd(int(b.Fd()))})
	})
	if err = errors.Join(err, p.A.address(p.Device, "10.99.0.1/24"), p.B.address(p.Device, "10.99.0.2/24")); err != nil {
		return nil, errors.Join(fmt.Errorf("veth pair: %w", err), p.remove())
	}
	return p, nil
}

func openNamespace(p Place) (*os.File, error) { return os.Open(filepath.Join(namespaceFolder, p.name)) }

// WAN makes two places joined by the emulator, a program, with the settings of both directions. What is special to one
// of them are further arguments of the emulator.
func WAN(ctx context.Context, emulator, folder, settings string, seed int, special ...string) (*Pair, error) {
	p, err := places()
	if err != nil {
		return nil, err
	}
	p.Device = "wan0"
	if err := p.emulate(ctx, emulator, folder, settings, seed, special); err != nil {
		_, closeErr := p.Close()
		return nil, errors.Join(fmt.Errorf("emulate %s: %w", settings, err), closeErr)
	}
	return p, nil
}

func (p *Pair) emulate(ctx context.Context, emulator, folder, settings string, seed int, special []string) error {
	p.report = filepath.Join(folder, "wanem.json")
	ready := filepath.Join(folder, "wanem.ready")
	for _, file := range []string{p.report, ready} {
		if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	var err error
	args := []string{"-a-ns", p.A.name, "-b-ns", p.B.name, "-dev", p.Device, "-both", settings, "-seed", fmt.Sprint(seed),
		"-json", p.report, "-ready", ready}
	p.emulator, err = Place{}.Start(ctx, Command{Name: emulator, Args: append(args, special...)})
	if err != nil {
		return err
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if _, err := os.Stat(ready); err == nil {
			break
		}
		if p.emulator.Ended() || time.Now().After(deadline) {
			return fmt.Errorf("it does not start: %s", p.emulator.Errors())
		}
	}
	return errors.Join(p.A.address(p.Device, "10.99.0.1/24"), p.B.address(p.Device, "10.99.0.2/24"))
}

// Cut cuts the emulated link, or mends it: while it is cut, nothing that either end sends arrives, and neither is told.
func (p *Pair) Cut(cut bool) {
	s := syscall.SIGUSR2
	if cut {
		s = syscall.SIGUSR1
	}
	p.emulator.signal(s)
}

// Close removes the pair and returns what its emulator counted, if it has one.
func (p *Pair) Close() (Report, error) {
	var r Report
	if p.emulator == nil {
		return r, p.remove()
	}
	a, errA := p.A.dropped(p.Device)
	b, errB := p.B.dropped(p.Device)
	r.Unseen = a + b
	p.emulator.Stop()
	text, err := os.ReadFile(p.report)
	if err == nil {
		err = json.Unmarshal(text, &r)
	}
	return r, errors.Join(errA, errB, err, p.remove())
}

func (p *Pair) remove() error {
	err := p.A.remove()
	if p.B != p.A {
		err = errors.Join(err, p.B.remove())
	}
	return err
}
