package gateway

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/transferspec"
)

// socketClient speaks to the gateway as public clients do.
type socketClient struct {
	t *testing.T
	*websocket.Conn
}

func (w *world) socket(version string, header ...string) *socketClient {
	w.t.Helper()
	h := http.Header{}
	for i := 0; i < len(header); i += 2 {
		h.Set(header[i], header[i+1])
	}
	conn, _, err := websocket.Dial(w.t.Context(), strings.Replace(w.url, "http", "ws", 1)+Base+"/"+version+
		"/upload", &websocket.DialOptions{HTTPHeader: h})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.CloseNow() })
	conn.SetReadLimit(1 << 20)
	return &socketClient{w.t, conn}
}

func (c *socketClient) sendJSON(key string, v any) {
	c.t.Helper()
	text, err := json.Marshal(map[string]any{key: v})
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.Write(c.t.Context(), websocket.MessageText, text); err != nil {
		c.t.Errorf("send %s: %v", key, err)
	}
}

// word is the next text of the server; the error is how it closed.
func (c *socketClient) word() (string, error) {
	_, text, err := c.Read(c.t.Context())
	return string(text), err
}

func (c *socketClient) says(want string) {
	c.t.Helper()
	if got, err := c.word(); got != want {
		c.t.Fatalf("the gateway says %q (%v), want %q", got, err, want)
	}
}

// given is a file that a client of a WebSocket sends.
type given struct {
	name    string
	content []byte
}

// withPaths is a spec that lists files, and no more than clients put into it.
func withPaths(spec transferspec.Spec, files ...given) transferspec.Spec {
	spec.Paths = nil
	for _, f := range files {
		spec.Paths = append(spec.Paths, transferspec.Path{Source: f.name})
	}
	return spec
}

func delimiter(index int, f given, at, total int) map[string]any {
	return map[string]any{"name": f.name, "type": "application/octet-stream", "size": len(f.content), "slice": at,
		"total_slices": total, "fileIndex": index}
}

// pieces cuts a content as clients do: an empty one has none.
func pieces(content []byte, size int) [][]byte {
	var all [][]byte
	for ; len(content) > 0; content = content[min(size, len(content)):] {
		all = append(all, content[:min(size, len(content))])
	}
	return all
}

// sendWaiting sends the next slice only on the word for the one before, as the public JavaScript client does, and
// returns how often the gateway said what.
func (c *socketClient) sendWaiting(spec transferspec.Spec, files []given, slice int) map[string]int {
	c.t.Helper()
	said := map[string]int{}
	await := func() {
		for {
			word, err := c.word()
			if err != nil {
				c.t.Fatalf("after %v: %v", said, err)
			}
			said[word]++
			if word == saidSlice {
				return
			}
		}
	}
	c.sendJSON("transfer_spec", withPaths(spec, files...))
	await()
	for i, f := range files {
		all := pieces(f.content, slice)
		for n, part := range all {
			if n == 0 {
				c.sendJSON("slice_upload", delimiter(i, f, n, len(all)))
			}
			if err := c.Write(c.t.Context(), websocket.MessageBinary, part); err != nil {
				c.t.Fatal(err)
			}
			if n == len(all)-1 {
				c.sendJSON("slice_upload", delimiter(i, f, n, len(all)))
			}
			await()
		}
	}
	return said
}

// rawSocket is a client without a library, for what libraries do not do: to read on while it closes.
type rawSocket struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (w *world) rawSocket(version string) *rawSocket {
	w.t.Helper()
	host := strings.TrimPrefix(w.url, "http://")
	conn, err := net.Dial("tcp", host)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = conn.Close() })
	fmt.Fprintf(conn, "GET %s/%s/upload HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", Base, version, host)
	r := bufio.NewReader(conn)
	answer, err := http.ReadResponse(r, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		w.t.Fatalf("%v, %v", answer, err)
	}
	return &rawSocket{w.t, conn, r}
}

// Kinds of frames.
const (
	textFrame   = 1
	binaryFrame = 2
	closeFrame  = 8
)

// send writes a frame, masked with zeros.
func (c *rawSocket) send(kind byte, content []byte) error {
	head := []byte{0x80 | kind}
	switch n := len(content); {
	case n < 126:
		head = append(head, 0x80|byte(n))
	case n < 1<<16:
		head = binary.BigEndian.AppendUint16(append(head, 0x80|126), uint16(n))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 0x80|127), uint64(n))
	}
	_, err := c.conn.Write(append(append(head, 0, 0, 0, 0), content...))
	return err
}

// receive reads a frame, which is short.
func (c *rawSocket) receive() (kind byte, content []byte, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(c.r, head); err != nil {
		return 0, nil, err
	}
	n := int(head[1])
	if n == 126 {
		if _, err := io.ReadFull(c.r, head); err != nil {
			return 0, nil, err
		}
		n = int(binary.BigEndian.Uint16(head))
	}
	content = make([]byte, n)
	_, err = io.ReadFull(c.r, content)
	return head[0] & 0x0f, content, err
}

func (c *rawSocket) sendJSON(key string, v any) error {
	text, err := json.Marshal(map[string]any{key: v})
	if err != nil {
		c.t.Fatal(err)
	}
	return c.send(textFrame, text)
}

// sendAtOnce sends everything without waiting, as the public command-line client does, closes without a code, and
// returns what the gateway said until it closed.
func (c *rawSocket) sendAtOnce(spec transferspec.Spec, files []given, slice int) (said []string) {
	c.t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			kind, content, err := c.receive()
			if err != nil || kind == closeFrame {
				return
			}
			said = append(said, string(content))
		}
	}()
	errs := []error{c.sendJSON("transfer_spec", withPaths(spec, files...))}
	for i, f := range files {
		all := pieces(f.content, slice)
		for n, part := range all {
			if n == 0 {
				errs = append(errs, c.sendJSON("slice_upload", delimiter(i, f, n, len(all))))
			}
			errs = append(errs, c.send(binaryFrame, part))
			if n == len(all)-1 {
				errs = append(errs, c.sendJSON("slice_upload", delimiter(i, f, n, len(all))))
			}
		}
	}
	if err := errors.Join(append(errs, c.send(closeFrame, nil))...); err != nil {
		c.t.Error(err)
	}
	<-done
	return said
}

func count(words []string, word string) (n int) {
	for _, w := range words {
		if w == word {
			n++
		}
	}
	return n
}

func mixedFiles() []given {
	return []given{{"big.bin", noise(1, 3<<20+5)}, {"leer.txt", nil}, {"one slice ü.txt", []byte("hello")},
		{"empty at the end", nil}}
}

// TestSocketWords is node-134: how often the gateway says what, to clients that wait for it and to those that do not.
func TestSocketWords(t *testing.T) {
	t.Run("version 2, waiting", socketTakesClientsThatWait)
	t.Run("version 2, at once", socketTakesClientsThatDoNotWait)
	t.Run("version 1", socketTakesVersion1)
}

// socketTakesClientsThatWait: the word for slices comes once for the spec and once for each slice, and never for a
// delimiter; that of the last slice comes when the files are there.
func socketTakesClientsThatWait(t *testing.T) {
	w := newWorld(t)
	files := []given{{"big.bin", noise(1, 3<<20+5)}, {"leer.txt", nil}, {"one slice ü.txt", []byte("hello")}}
	said := w.socket("v2").sendWaiting(w.node.Upload(t, "/in"), files, 1<<20)
	for _, f := range files {
		w.has("in/"+f.name, f.content)
	}
	// The delimiter after the last slice is answered behind the last word that was waited for.
	if said[saidSlice] != 1+4+1 || said[saidDelimiter] != 3 || len(said) != 2 {
		t.Errorf("the gateway said %v", said)
	}
}

// socketTakesClientsThatDoNotWait but send everything at once. node-138: the empty files are there at the end.
func socketTakesClientsThatDoNotWait(t *testing.T) {
	w := newWorld(t)
	files := mixedFiles()
	said := w.rawSocket("v2").sendAtOnce(w.node.Upload(t, "/in"), files, 64_000)
	if outcome, _ := w.node.Last(t).Ended(t); outcome.Status != record.StatusCompleted {
		t.Fatal(outcome.Description)
	}
	for _, f := range files {
		w.has("in/"+f.name, f.content)
	}
	if n := len(pieces(files[0].content, 64_000)) + 2; count(said, saidSlice) != n || count(said, saidDelimiter) != 4 ||
		len(said) != n+4 {
		t.Errorf("the gateway said %d words: %d for slices, %d for delimiters", len(said), count(said, saidSlice),
			count(said, saidDelimiter))
	}
}

// socketTakesVersion1: base64, and one word for each slice.
func socketTakesVersion1(t *testing.T) {
	w := newWorld(t)
	files := []given{{"a", noise(1, 300_001)}, {"b", noise(2, 1<<20)}}
	c := w.socket("v1")
	c.sendJSON("transfer_spec", withPaths(w.node.Upload(t, "/in"), files...))
	c.says(saidSlice)
	for i, f := range files {
		for n, part := range pieces(f.content, 100_000) {
			m := delimiter(i, f, n, 0)
			m["data"] = base64.StdEncoding.EncodeToString(part)
			c.sendJSON("slice_upload", m)
			c.says(saidSlice)
		}
	}
	for _, f := range files {
		w.has("in/"+f.name, f.content)
	}
	if err := c.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("the gateway does not close: %v", err)
	}
}

// TestSocketKeepsFolders: of the paths that clients send of files in folders, the folder and what is in it is kept.
func TestSocketKeepsFolders(t *testing.T) {
	w := newWorld(t)
	files := []given{{"/home/me/pics/a.txt", []byte("1")}, {"/home/me/pics/deep/b.txt", []byte("2")},
		{"rel/c.txt", []byte("3")}, {"d.txt", []byte("4")}}
	w.socket("v2").sendWaiting(w.node.Upload(t, "/in"), files, 10)
	for path, content := range map[string]string{"pics/a.txt": "1", "pics/deep/b.txt": "2", "rel/c.txt": "3",
		"d.txt": "4"} {
		w.has("in/"+path, []byte(content))
	}
}

// TestSocketRefusals: each is a message in JSON and a close frame with a reason, and
// leaves nothing visible at the node.
func TestSocketRefusals(t *testing.T) {
	w := newWorld(t)
	good := w.node.Upload(t, "/in")
	changed := func(change func(*transferspec.Spec)) transferspec.Spec {
		spec := good
		change(&spec)
		return spec
	}
	f := given{"f", noise(3, 1000)}
	for name, test := range map[string]struct {
		version string
		send    func(*socketClient)
		message string
	}{
		"no JSON": {"v2", func(c *socketClient) { _ = c.Write(t.Context(), websocket.MessageText, []byte("hello")) },
			"no JSON"},
		"bytes first": {"v2", func(c *socketClient) { _ = c.Write(t.Context(), websocket.MessageBinary, []byte("x")) },
			"no transfer_spec"},
		"a slice first": {"v2", func(c *socketClient) { c.sendJSON("slice_upload", delimiter(0, f, 0, 1)) },
			"no transfer_spec"},
		"no paths": {"v2", func(c *socketClient) { c.sendJSON("transfer_spec", withPaths(good)) }, "no paths"},
		"no token": {"v2", func(c *socketClient) {
			c.sendJSON("transfer_spec", withPaths(changed(func(s *transferspec.Spec) { s.Token = "" }), f))
		}, "no token"},
		"another host": {"v2", func(c *socketClient) {
			c.sendJSON("transfer_spec", withPaths(changed(func(s *transferspec.Spec) { s.RemoteHost = "192.0.2.1" }), f))
		}, "192.0.2.1"},
		"a path upwards": {"v2", func(c *socketClient) { c.sendJSON("transfer_spec", withPaths(good, given{name: "../f"})) },
			"no path of a file"},
		"a wrong token": {"v2",
			func(c *socketClient) { c.upload(changed(func(s *transferspec.Spec) { s.Token += "x" }), f, f.content) },
			"does not accept"},
		"more bytes":  {"v2", func(c *socketClient) { c.upload(good, f, append(f.content, 'x')) }, "more bytes"},
		"fewer bytes": {"v2", func(c *socketClient) { c.upload(good, f, f.content[1:]) }, "fewer bytes"},
		"another file": {"v2", func(c *socketClient) {
			c.sendJSON("transfer_spec", withPaths(good, f))
			c.sendJSON("slice_upload", delimiter(7, given{name: "g"}, 0, 1))
		}, "does not list"},
		"binary in v1": {"v1", func(c *socketClient) { c.upload(good, f, f.content) }, ""},
		"a negative size": {"v2", func(c *socketClient) {
			c.sendJSON("transfer_spec", withPaths(good, f))
			c.sendJSON("slice_upload", map[string]any{"name": "f", "size": -1})
		}, "size that is none"},
	} {
		t.Run(name, func(t *testing.T) {
			w := *w
			w.t = t
			c := w.socket(test.version)
			test.send(c)
			message, words := "", 0
			var closed websocket.CloseError
			for {
				word, err := c.word()
				if err != nil {
					if !errors.As(err, &closed) || closed.Code == websocket.StatusNormalClosure || closed.Reason == "" {
						t.Errorf("it closes with %v", err)
					}
					break
				}
				if words++; strings.HasPrefix(word, "{") {
					var told struct{ Message string }
					if err := json.Unmarshal([]byte(word), &told); err != nil {
						t.Error(err)
					}
					message = told.Message
				}
			}
			if message == "" || !strings.Contains(message, test.message) {
				t.Errorf("the gateway says %q, want %q", message, test.message)
			}
			w.lacks("in/f")
		})
	}
}

// upload sends one file of one slice without waiting.
func (c *socketClient) upload(spec transferspec.Spec, f given, content []byte) {
	c.t.Helper()
	c.sendJSON("transfer_spec", withPaths(spec, f))
	for _, send := range []func(){
		func() { c.sendJSON("slice_upload", delimiter(0, f, 0, 1)) },
		func() { _ = c.Write(c.t.Context(), websocket.MessageBinary, content) },
		func() { c.sendJSON("slice_upload", delimiter(0, f, 0, 1)) },
	} {
		send()
	}
}

// TestSocketThatClosesEarlyLeavesNothingVisible: whoever goes in the middle, or cancels between two files.
func TestSocketThatClosesEarlyLeavesNothingVisible(t *testing.T) {
	for name, test := range map[string]struct {
		header []string
		status websocket.StatusCode
		sent   int
	}{
		"in the middle":       {nil, websocket.StatusNormalClosure, 500},
		"page is closed":      {[]string{"Origin", "https://example.com"}, websocket.StatusGoingAway, 500},
		"person has canceled": {[]string{"Origin", "https://example.com"}, websocket.StatusNoStatusRcvd, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			f := given{"f", noise(3, 1000)}
			c := w.socket("v2", test.header...)
			c.sendJSON("transfer_spec", withPaths(w.node.Upload(t, "/in"), f))
			c.says(saidSlice)
			if test.sent > 0 {
				c.sendJSON("slice_upload", delimiter(0, f, 0, 2))
				c.says(saidDelimiter)
				if err := c.Write(t.Context(), websocket.MessageBinary, f.content[:test.sent]); err != nil {
					t.Fatal(err)
				}
				c.says(saidSlice)
			}
			_ = c.Close(test.status, "")
			for _, session := range w.node.Sessions() {
				if outcome, _ := session.Ended(t); outcome.Status == record.StatusCompleted {
					t.Error("the node calls the transfer complete")
				}
			}
			w.lacks("in/f")
		})
	}
}

// TestSocketsOfOneAddressAreBounded: those that send nothing, too.
func TestSocketsOfOneAddressAreBounded(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.PerClient = 2 })
	w.socket("v2")
	c := w.socket("v1")
	_, answer, err := websocket.Dial(t.Context(), strings.Replace(w.url, "http", "ws", 1)+Base+"/v2/upload", nil)
	if err == nil || answer.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("a third is taken: %v", err)
	}
	_ = c.Close(websocket.StatusNormalClosure, "")
	for {
		conn, _, err := websocket.Dial(t.Context(), strings.Replace(w.url, "http", "ws", 1)+Base+"/v2/upload", nil)
		if err == nil {
			_ = conn.CloseNow()
			break
		}
		if t.Context().Err() != nil {
			t.Fatal(context.Cause(t.Context()))
		}
	}
	if metrics := string(w.do("GET", "/metrics", nil).mustBe(t, 200).body); !strings.Contains(metrics,
		`faspex_gateway_refused_total{bound="client"}`) {
		t.Error("no metric tells of it")
	}
}

// TestSocketThatSaysNothingIsClosed: a stranger holds a place for a bounded time, and a metric tells of it.
func TestSocketThatSaysNothingIsClosed(t *testing.T) {
	w := newWorld(t, func(c *Config) { c.Limits.FirstMessage = 10 * time.Millisecond })
	if word, err := w.socket("v2").word(); err == nil {
		t.Errorf("the gateway says %q", word)
	}
	// The client may see the end before it is counted.
	const counted = `faspex_gateway_refused_total{bound="first_message"} 1`
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if strings.Contains(string(w.do("GET", "/metrics", nil).mustBe(t, 200).body), counted) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no metric tells of it")
		}
	}
}

// FuzzSocketMessage: whatever is sent is one of two kinds of message, and no file of it is stored above the destination.
func FuzzSocketMessage(f *testing.F) {
	for _, text := range []string{
		`{"transfer_spec":{"paths":[{"source":"a"}],"zip_required":true,"download_name":"x"}}`,
		`{"slice_upload":{"name":"a","size":1,"slice":0,"total_slices":1,"fileIndex":0,"data":"YQ=="}}`,
		`{"transfer_spec":{},"slice_upload":{}}`, `{"slice_upload":{"size":-1}}`,
		`{"transfer_spec":{"paths":[{"source":"C:\\a\\..\\..\\b"},{"source":"/x"}]}}`, `[`, ``,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := parseMessage(text)
		if err != nil {
			return
		}
		if (m.Spec == nil) == (m.Slice == nil) {
			t.Fatal("neither or both")
		}
		if m.Spec == nil {
			return
		}
		files, err := announcedFiles(m.Spec.Spec)
		for _, file := range files {
			if err != nil || file.path == "" || strings.HasPrefix(file.path, "/") || strings.HasPrefix(file.path+"/", "../") ||
				strings.Contains(file.path, "/../") {
				t.Fatalf("%q is stored as %q", file.source, file.path)
			}
		}
	})
}
