// Package faspmgr speaks the management protocol by which a program that started ascp watches and steers it: frames of
// text over a connection to the loopback address. It knows the frames and the order of events, not the transfer.
//
// A frame is the line "FASPMGR 2", lines "Name: value", and an empty line.
package faspmgr

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

const (
	banner   = "FASPMGR 2"
	maxFrame = 64 << 10
)

// Field is one line of a frame.
type Field struct{ Name, Value string }

// Frame is one event or command: its type and its other fields.
type Frame struct {
	Type   string
	Fields []Field
}

// Get is the value of a field, or "".
func (f Frame) Get(name string) string {
	for _, field := range f.Fields {
		if field.Name == name {
			return field.Value
		}
	}
	return ""
}

// Int makes a field with a number.
func Int(name string, v int64) Field { return Field{name, strconv.FormatInt(v, 10)} }

func (f Frame) encode() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\nType: %s\n", banner, f.Type)
	for _, field := range f.Fields {
		fmt.Fprintf(&b, "%s: %s\n", field.Name, oneLine(field.Value))
	}
	b.WriteString("\n")
	return b.String()
}

// oneLine writes out what a line of UTF-8 can't hold: names of files may hold it.
func oneLine(text string) string {
	if utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && n == 1 || unicode.IsControl(r) {
			for i := range n {
				fmt.Fprintf(&b, `\x%02x`, text[i])
			}
		} else {
			b.WriteRune(r)
		}
		text = text[n:]
	}
	return b.String()
}

// Manager is the connection to the managing program, which lasts as long as the process: the manager takes its
// end as the end of the transfer. Its methods do nothing on a nil Manager, and nothing fails a transfer
// because its manager went away.
type Manager struct {
	conn net.Conn

	mu      sync.Mutex
	out     *bufio.Writer
	session string // of the last INIT
	flushed time.Time
	waiting bool // a flush is scheduled
	ended   bool
}

// gather is how long events that follow others wait for company: of thousands of small files each has its event.
const gather = 10 * time.Millisecond

// Connect calls the manager that listens on a port of the loopback address.
func Connect(ctx context.Context, port int) (*Manager, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("connect to the management port: %w", err)
	}
	return &Manager{conn: conn, out: bufio.NewWriterSize(conn, 32<<10)}, nil
}

// sessionID is the field by which a manager tells sessions apart; those that show progress need it in every event.
const sessionID = "SessionId"

// Send sends an event. DONE and ERROR are the last: what follows them is dropped. Each event after INIT carries INIT's
// SessionId; another INIT, after a reconnect, brings another.
func (m *Manager) Send(eventType string, fields ...Field) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ended {
		return
	}
	m.ended = eventType == "DONE" || eventType == "ERROR"
	f := Frame{Type: eventType, Fields: fields}
	switch id := f.Get(sessionID); {
	case eventType == "INIT":
		m.session = id
	case id == "" && m.session != "":
		f.Fields = append([]Field{{sessionID, m.session}}, fields...)
	}
	_, _ = m.out.WriteString(f.encode())
	switch wait := gather - time.Since(m.flushed); {
	case m.ended || wait <= 0:
		m.flush()
	case !m.waiting:
		m.waiting = true
		time.AfterFunc(wait, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.waiting = false
			m.flush()
		})
	}
}

// flush writes what is gathered. m.mu is held.
func (m *Manager) flush() {
	_ = m.conn.SetWriteDeadline(time.Now().Add(2 * time.Second))
	_ = m.out.Flush()
	m.flushed = time.Now()
}

// Ended reports whether DONE or ERROR was sent.
func (m *Manager) Ended() bool {
	if m == nil {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended
}

// Commands calls fn with each command of the manager until the connection ends.
func (m *Manager) Commands(fn func(Frame)) {
	if m == nil {
		return
	}
	r := bufio.NewReader(io.Reader(m.conn))
	for {
		f, err := ReadFrame(r)
		if err != nil {
			return
		}
		fn(f)
	}
}

var errBadFrame = errors.New("not a FASPMGR 2 frame")

// ReadFrame reads one frame.
func ReadFrame(r *bufio.Reader) (Frame, error) {
	line, err := readLine(r)
	if err != nil {
		return Frame{}, err
	}
	if line != banner {
		return Frame{}, errBadFrame
	}
	var f Frame
	for size := 0; ; {
		line, err := readLine(r)
		if err != nil {
			return Frame{}, err
		}
		if line == "" {
			return f, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if size += len(line); !ok || size > maxFrame {
			return Frame{}, errBadFrame
		}
		if value = strings.TrimPrefix(value, " "); name == "Type" { // A name may begin or end with a space.
			f.Type = strings.TrimSpace(value)
		} else {
			f.Fields = append(f.Fields, Field{name, value})
		}
	}
}

func readLine(r *bufio.Reader) (string, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return "", err
	}
	if len(line) > maxFrame {
		return "", errBadFrame
	}
	return strings.TrimRight(line, "\r\n"), nil
}
