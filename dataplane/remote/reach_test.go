package remote_test

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/dataplane/remote"
	"faspex.io/operator/dataplane/transfer/fail"
)

func TestRulesAdmitPublicAddressesUnlessToldOtherwise(t *testing.T) {
	listed, err := remote.ParseRules([]string{"10.1.0.0/16", "127.0.0.1"}, []string{"10.1.9.0/24"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string][2]bool{ // without lists, with them
		"8.8.8.8": {true, false}, "2600::1": {true, false}, "10.1.2.3": {false, true}, "10.1.9.3": {false, false},
		"127.0.0.1": {false, true}, "::ffff:127.0.0.1": {false, true}, "127.0.0.2": {false, false}, "::1": {false, false},
		"169.254.169.254": {}, "192.168.1.1": {}, "172.20.0.1": {}, "100.64.0.1": {}, "0.0.0.0": {}, "::": {},
		"fe80::1": {}, "fd00::1": {}, "224.0.0.1": {}, "255.255.255.255": {}, "::ffff:10.0.0.1": {}, "64:ff9b::a00:1": {},
		"2002:a00:1::1": {},
	} {
		a := netip.MustParseAddr(address)
		if got := (remote.Rules{}).Admits(a); got != want[0] {
			t.Errorf("%s without lists: %v", address, got)
		}
		if got := listed.Admits(a); got != want[1] {
			t.Errorf("%s with lists: %v", address, got)
		}
	}
	if _, err := remote.ParseRules([]string{"everything"}, nil); err == nil || !strings.Contains(err.Error(), "allow") {
		t.Errorf("a list with a word: %v", err)
	}
}

// TestForbiddenAddressesAreNotConnectedTo: no packet is sent to an address that may not be reached, by whatever name.
func TestForbiddenAddressesAreNotConnectedTo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	came := make(chan struct{})
	go func() {
		if c, err := l.Accept(); err == nil {
			c.Close()
			close(came)
		}
	}()
	port := l.Addr().(*net.TCPAddr).Port
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	texts := map[string]bool{}
	for _, host := range []string{"127.0.0.1", "localhost", "nowhere.invalid"} {
		for _, webSocket := range []bool{false, true} {
			n := remote.Node{Host: host, SSHPort: port, WSSPort: port, WebSocket: webSocket, User: "xfer", Token: true,
				Rules: remote.Rules{Self: []string{"node.example"}, Ports: []int{port + 1}}}
			_, err := n.Open(ctx)
			e := fail.Of(err, fail.Internal)
			if e == nil || e.Code != fail.Usage || !strings.Contains(e.Text, "remotes.allow") {
				t.Errorf("%s: %v", host, err)
				continue
			}
			texts[strings.ReplaceAll(e.Text, host, "")] = true
		}
	}
	if len(texts) != 1 {
		t.Errorf("what is not there can be told from what is forbidden: %v", texts)
	}
	select {
	case <-came:
		t.Error("a forbidden address was connected to")
	default:
	}
	// The node's own ports are no secret.
	own := remote.Node{Host: "node.example", SSHPort: port, User: "xfer", Token: true,
		Rules: remote.Rules{Self: []string{"node.example"}, Ports: []int{port}}}
	if _, err := own.Open(ctx); err == nil || fail.Of(err, fail.Internal).Code == fail.Usage {
		t.Errorf("the node itself: %v", err)
	}
	<-came
}
