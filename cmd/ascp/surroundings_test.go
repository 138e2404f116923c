package main

import (
	"context"
	"encoding/binary"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"faspex.io/operator/dataplane/sshd"
	"faspex.io/operator/dataplane/transfer"
)

// serveNames answers every question for an address of IPv4 with these, and lets this process
// ask there until the test ends.
func serveNames(t *testing.T, addresses ...string) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if n > 12 {
				_, _ = conn.WriteTo(answerNames(buf[:n], addresses), from)
			}
		}
	}()
	old := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	t.Cleanup(func() { net.DefaultResolver = old; conn.Close() })
}

// answerNames makes the answer to a question: RFC 1035, 4.1.
func answerNames(question []byte, addresses []string) []byte {
	end := 12
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end += 5
	asked := binary.BigEndian.Uint16(question[end-4:])
	out := append([]byte{question[0], question[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question[12:end]...)
	if asked != 1 { // There are no addresses of IPv6.
		return out
	}
	binary.BigEndian.PutUint16(out[6:], uint16(len(addresses)))
	for _, a := range addresses {
		out = append(out, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4)
		out = append(out, net.ParseIP(a).To4()...)
	}
	return out
}

// Of two addresses of a name the second one answers: the data goes where the session is.
func TestDataGoesToTheAddressThatAnswered(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	serveNames(t, "127.0.0.9", "127.0.0.1")
	if status := n.ascp(t, n.sending(t, "/"), from+"/f", "two.example:/"); status != 0 {
		t.Errorf("status %d", status)
	}
	if got := tree(t, n.dir); got["f"] == "" {
		t.Errorf("got %v", got)
	}
}

// Many ascp that start at once find no place at a node that takes two strangers of an address. All get in, some later.
func TestManyAtOnceGetInOneAfterTheOther(t *testing.T) {
	t.Parallel()
	n := startNode(t, func(_ *transfer.Server, c *sshd.Config) { c.Limits.StrangersPerIP = 2 })
	from := t.TempDir()
	const clients = 24
	var group sync.WaitGroup
	for i := range clients {
		name := strconv.Itoa(i)
		writeFiles(t, from, map[string][]byte{name: []byte(name)})
		group.Go(func() {
			if status := n.ascp(t, n.sending(t, "/"), filepath.Join(from, name), "127.0.0.1:/"); status != 0 {
				t.Errorf("client %s: status %d", name, status)
			}
		})
	}
	group.Wait()
	if got := tree(t, n.dir); len(got) != clients {
		t.Errorf("%d files arrived", len(got))
	}
}

// What keeps data from going is told apart from an answer that does not come.
func TestWhyThereIsNoData(t *testing.T) {
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"f": []byte("x")})
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"closed port":  {[]string{"-O", "9"}, "error 15: no data connection to UDP port 9 of 127.0.0.1: nothing listens"},
		"small -Z":     {[]string{"-Z", "1000"}, "error 8: the datagram size (-Z) is within 1232 and 8972"},
		"large -Z":     {[]string{"-Z", "9000"}, "error 8: the datagram size (-Z) is within 1232 and 8972"},
		"unknown host": {[]string{"--mode=send", "--host=no.such.host.invalid"}, "host no.such.host.invalid is unknown"},
	} {
		said := stderrOf(t, func() {
			to := "127.0.0.1:/"
			if strings.HasPrefix(c.args[0], "--mode") {
				to = "/"
			}
			n.ascp(t, n.sending(t, "/"), append(c.args, from+"/f", to)...)
		})
		if !strings.Contains(said, c.says) {
			t.Errorf("%s: said %q, want %q", name, said, c.says)
		}
	}
}
