// Command bench measures the UDP engine without anything above it: file to file, encrypted, over loopback (bench lan),
// the same beside 10,000 forged handshakes a second (bench spoof), or between two machines or namespaces (bench recv,
// bench send). One line of JSON per run goes to standard output.
package main

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
)

// session is the one session both sides of a measurement know. A real one comes from a control channel.
const session = engine.SessionID(0x62656e63685f6c61)

type settings struct {
	address, cipher, policy, gso, directory, profile string
	bytes, rate, datagram                            int64
	memory                                           bool
	trace                                            time.Duration

	beside  func(ctx context.Context, address string) // what else happens while both ends run
	results chan<- result                             // of the ends, when not nil
}

type result struct {
	Role        string  `json:"role"`
	Bytes       int64   `json:"bytes"`
	Seconds     float64 `json:"seconds"`
	GoodputMbps float64 `json:"goodput_mbps"`
	Overhead    float64 `json:"sent_per_byte"`
	CPUSeconds  float64 `json:"cpu_seconds"`
	Handshake   float64 `json:"handshake_seconds,omitempty"`
	PeakMiB     float64 `json:"peak_mib"` // resident set of the process
	Stats       engine.Stats
}

func main() {
	var s settings
	flag.StringVar(&s.address, "addr", "127.0.0.1:33001", "address of the receiver")
	flag.StringVar(&s.cipher, "cipher", "aes-128-gcm", "cipher")
	flag.StringVar(&s.policy, "policy", "fair", "rate policy")
	flag.StringVar(&s.gso, "gso", "auto", "segmentation offload: auto, on, off")
	flag.StringVar(&s.directory, "dir", "/dev/shm", "directory of the files")
	flag.Int64Var(&s.bytes, "bytes", 4<<30, "bytes to move")
	flag.Int64Var(&s.rate, "rate", 0, "target rate in bit/s")
	flag.Int64Var(&s.datagram, "datagram", 1472, "largest UDP payload")
	flag.BoolVar(&s.memory, "memory", false, "no files: send zeros, drop what arrives")
	flag.DurationVar(&s.trace, "trace", 0, "print the sender's state to standard error this often")
	flag.StringVar(&s.profile, "cpuprofile", "", "write a CPU profile there")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if s.profile != "" {
		f, err := os.Create(s.profile)
		if err != nil {
			fatal(err)
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			fatal(err)
		}
		defer pprof.StopCPUProfile()
	}
	var err error
	switch flag.Arg(0) {
	case "recv":
		err = s.receive(ctx, nil)
	case "send":
		err = s.send(ctx)
	case "lan":
		err = s.both(ctx)
	case "spoof":
		err = s.spoof(ctx)
	default:
		err = fmt.Errorf("say one of: lan, spoof, recv, send (after the flags)")
	}
	if err != nil {
		pprof.StopCPUProfile()
		fatal(err)
	}
}

func fatal(err error) {
	fmt.Fprintln(os.Stderr, "bench:", err)
	os.Exit(1)
}

func (s *settings) config() engine.Config {
	return engine.Config{ID: session, Secret: [32]byte{'b', 'e', 'n', 'c', 'h'}, Cipher: engine.Cipher(s.cipher),
		Rate: engine.Rate{Policy: engine.Policy(s.policy), TargetBps: s.rate}}
}

func (s *settings) options() udplink.Options {
	return udplink.Options{GSO: udplink.GSO(s.gso), MaxDatagram: int(s.datagram)}
}

func (s *settings) both(ctx context.Context) error {
	s.address = "127.0.0.1:0"
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	bound := make(chan string, 1)
	var group sync.WaitGroup
	var receiveErr error
	group.Go(func() {
		receiveErr = s.receive(ctx, bound)
		cancel()
	})
	select {
	case s.address = <-bound:
	case <-ctx.Done():
		group.Wait()
		return receiveErr
	}
	sender := *s
	if s.beside != nil {
		group.Go(func() { s.beside(ctx, s.address) })
	}
	err := sender.send(ctx)
	if err != nil {
		cancel()
	}
	group.Wait()
	return errors.Join(err, receiveErr)
}

func (s *settings) receive(ctx context.Context, bound chan<- string) error {
	sink, done, err := s.sink()
	if err != nil {
		return err
	}
	defer done()
	e, err := udplink.Listen(s.address, s.options())
	if err != nil {
		return err
	}
	defer e.Close()
	link, err := e.Register(s.config())
	if err != nil {
		return err
	}
	r, err := engine.NewReceiver(s.config(), link, sink, nil)
	if err != nil {
		return err
	}
	if err := r.Expect(engine.Range{Length: s.bytes}); err != nil {
		return err
	}
	r.CloseExpect()
	if bound != nil {
		bound <- e.Addr().String()
	}
	if _, err := link.Ready(ctx); err != nil {
		return err
	}
	start, cpu := time.Now(), cpuTime()
	err = r.Run(ctx)
	s.print(result{Role: "receiver", Stats: r.Stats()}, start, cpu)
	return err
}

func (s *settings) send(ctx context.Context) error {
	source, done, err := s.source()
	if err != nil {
		return err
	}
	defer done()
	dialled := time.Now()
	link, err := udplink.Dial(ctx, s.address, s.config(), s.options())
	if err != nil {
		return err
	}
	defer link.Close()
	start, cpu := time.Now(), cpuTime()
	snd, err := engine.NewSender(s.config(), link, source)
	if err != nil {
		return err
	}
	if err := snd.Push(engine.Range{Length: s.bytes}); err != nil {
		return err
	}
	snd.CloseSend()
	path, err := link.Ready(ctx)
	if err != nil {
		return err
	}
	if s.trace > 0 {
		fmt.Fprintf(os.Stderr, "path: datagram %d, rtt %v, capacity %.1f Mbit/s\n", path.MaxDatagram, path.RTT,
			float64(path.CapacityBps)/1e6)
		tick := time.NewTicker(s.trace)
		defer tick.Stop()
		ended := make(chan struct{})
		defer close(ended)
		go func() {
			for {
				select {
				case <-tick.C:
					st := snd.Stats()
					fmt.Fprintf(os.Stderr,
						"%7.3f s rate %8.2f delivery %8.2f capacity %8.2f Mbit/s queue %8v rtt %8v lost %d again %d written %d\n",
						time.Since(start).Seconds(), float64(st.RateBps)/1e6, float64(st.DeliveryBps)/1e6, float64(st.CapacityBps)/1e6,
						st.QueueDelay, st.RTT, st.Lost, st.Retransmitted, st.Bytes)
				case <-ended:
					return
				}
			}
		}()
	}
	err = snd.Run(ctx)
	s.print(result{Role: "sender", Stats: snd.Stats(), Handshake: start.Sub(dialled).Seconds()}, start, cpu)
	return err
}

func (s *settings) print(r result, start time.Time, cpu float64) {
	r.Seconds = time.Since(start).Seconds()
	r.CPUSeconds = cpuTime() - cpu
	r.Bytes = r.Stats.Bytes
	r.GoodputMbps = float64(r.Bytes) * 8 / r.Seconds / 1e6
	if r.Bytes > 0 {
		r.Overhead = float64(r.Stats.WireBytes) / float64(r.Bytes)
	}
	r.PeakMiB = peakMemory() / (1 << 20)
	_ = json.NewEncoder(os.Stdout).Encode(r)
	if s.results != nil {
		s.results <- r
	}
}

// cpuTime is what this process has used so far.
func cpuTime() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// peakMemory is the largest resident set of this process so far, in bytes.
func peakMemory() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Maxrss) * 1024
}

type zeros struct{}

func (zeros) ReadAt(p []byte, _ int64) (int, error)  { return len(p), nil }
func (zeros) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// source makes the file to send, of bytes that neither compression nor sparse files could shorten.
func (s *settings) source() (io.ReaderAt, func(), error) {
	if s.memory {
		return zeros{}, func() {}, nil
	}
	f, err := os.CreateTemp(s.directory, "bench-send-*")
	if err != nil {
		return nil, nil, err
	}
	done := func() { f.Close(); os.Remove(f.Name()) }
	block := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(block)
	for left := s.bytes; left > 0; {
		binary.BigEndian.PutUint64(block, uint64(left)) // no two blocks are equal
		n, err := f.Write(block[:min(left, int64(len(block)))])
		if err != nil {
			done()
			return nil, nil, err
		}
		left -= int64(n)
	}
	return f, done, nil
}

func (s *settings) sink() (io.WriterAt, func(), error) {
	if s.memory {
		return zeros{}, func() {}, nil
	}
	f, err := os.Create(filepath.Join(s.directory, fmt.Sprintf("bench-recv-%d", os.Getpid())))
	if err != nil {
		return nil, nil, err
	}
	done := func() { f.Close(); os.Remove(f.Name()) }
	if err := syscall.Fallocate(int(f.Fd()), 0, 0, s.bytes); err != nil {
		done()
		return nil, nil, err
	}
	return f, done, nil
}
