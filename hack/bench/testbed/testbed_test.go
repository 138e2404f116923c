package testbed

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// crashVariable makes this binary a measurement that is killed.
const crashVariable = "TESTBED_TEST_CRASH"

func TestMain(m *testing.M) {
	if os.Getenv(crashVariable) != "" {
		crash()
	}
	os.Exit(m.Run())
}

// crash makes a place with a process that outlives its parent, says so and waits to be killed.
func crash() {
	p, err := newPlace()
	if err == nil {
		_, err = Folder()
	}
	if err == nil {
		_, err = p.Start(context.Background(), Command{Name: "sh", Args: []string{"-c", "setsid sleep 1000 & echo $!; wait"},
			Output: os.Stdout})
	}
	if err != nil {
		panic(err)
	}
	select {}
}

func TestSweepRemovesWhatACrashLeft(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), crashVariable+"=1")
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 32)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := strconv.Atoi(strings.TrimSpace(string(line[:n])))
	if err != nil {
		t.Fatal(err)
	}
	mine := prefix + strconv.Itoa(c.Process.Pid) + "-*"
	left := func() int {
		a, _ := filepath.Glob(filepath.Join(namespaceFolder, mine))
		b, _ := filepath.Glob(filepath.Join(Memory, mine))
		return len(a) + len(b)
	}
	if err := Sweep(); err != nil {
		t.Fatal(err)
	}
	if left() != 2 || syscall.Kill(orphan, 0) != nil {
		t.Fatalf("of a running measurement %d things are left and its process has gone: %v", left(), syscall.Kill(orphan, 0))
	}
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // It was killed.
	if err := Sweep(); err != nil {
		t.Fatal(err)
	}
	if left() != 0 {
		t.Errorf("%d things are left", left())
	}
	for deadline := time.Now().Add(10 * time.Second); alive(orphan); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d still runs", orphan)
		}
	}
}

// alive reports whether a process runs, and is not just waiting for its parent.
func alive(pid int) bool {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func TestPairs(t *testing.T) {
	for _, c := range []struct {
		name string
		make func() (*Pair, error)
	}{{"loopback", Loopback}, {"veth", Veth}} {
		t.Run(c.name, func(t *testing.T) {
			pair, err := c.make()
			if err != nil {
				t.Fatal(err)
			}
			server, err := pair.B.Start(t.Context(), Command{Name: "iperf3", Args: []string{"-s", "-1"}})
			if err != nil {
				t.Fatal(err)
			}
			if !pair.B.Answers(t.Context(), 5201) {
				t.Fatalf("nothing listens: %s", server.Errors())
			}
			client, err := pair.A.Start(t.Context(), Command{Name: "iperf3", Args: []string{"-c", pair.Address, "-n", "1M"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []*Process{client, server} {
				if inTime, err := p.Wait(20 * time.Second); err != nil || !inTime {
					t.Fatalf("ended in time: %t: %v", inTime, p.Failed(err))
				}
				if p.CPU() <= 0 || p.PeakMemory() <= 0 {
					t.Errorf("used %v s and %d bytes", p.CPU(), p.PeakMemory())
				}
			}
			if _, err := pair.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(namespaceFolder, pair.A.name)); !os.IsNotExist(err) {
				t.Errorf("the namespace is left: %v", err)
			}
		})
	}
}

func TestWAN(t *testing.T) {
	folder := t.TempDir()
	emulator := filepath.Join(folder, "wanem")
	if out, err := exec.Command("go", "build", "-o", emulator,
		"faspex.io/operator/hack/wanem").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	pair, err := WAN(t.Context(), emulator, folder, "rate=100mbit,rtt=20ms", 1)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	ping, err := pair.A.Start(t.Context(), Command{Name: "bash",
		Args: []string{"-c", "exec 3<>/dev/tcp/" + pair.Address + "/9"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ping.Wait(20 * time.Second); err == nil {
		t.Error("something answers at a port that nobody listens at")
	}
	if took := time.Since(began); took < 20*time.Millisecond {
		t.Errorf("refused after %v, in less than the round trip", took)
	}
	r, err := pair.Close()
	if err != nil {
		t.Fatal(err)
	}
	if r.AB.Packets == 0 || r.BA.Packets == 0 || r.Trouble() != "" {
		t.Errorf("report %+v: %s", r, r.Trouble())
	}
}

func TestStopEndsChildrenThatDoNotListen(t *testing.T) {
	p, err := Place{}.Start(t.Context(), Command{Name: "sh",
		Args: []string{"-c", "trap '' TERM; sleep 1000 & wait; wait"}})
	if err != nil {
		t.Fatal(err)
	}
	if inTime, _ := p.Wait(50 * time.Millisecond); inTime || !p.Ended() {
		t.Errorf("ended in time: %t, ended: %t", inTime, p.Ended())
	}
}

func TestLists(t *testing.T) {
	table := "  sl  local_address rem_address   st\n" +
		"   0: 00000000:1451 00000000:0000 0A 00000000:00000000\n" +
		"   1: 0100007F:9C40 0100007F:1451 01 00000000:00000000\n"
	for port, want := range map[int]bool{0x1451: true, 0x9C40: false, 1: false} {
		if got := lists(table, port); got != want {
			t.Errorf("port %d: %t, want %t", port, got, want)
		}
	}
}

func TestParseBusy(t *testing.T) {
	got, err := parseBusy("cpu  100 200 300 4000 500 60 70 80 0 0")
	if want := 8.1; err != nil || got < want-0.001 || got > want+0.001 {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	if _, err := parseBusy("intr 1 2 3"); err == nil {
		t.Error("another line is taken")
	}
}
