// Package control is the language of the control channel: the messages that the two ends of a transfer session exchange
// over a reliable, ordered, already encrypted stream (an SSH channel), while file data travels beside it.
//
// The format is documented in docs/protocol.md. The package encodes and decodes; it knows nothing of files, tokens,
// sockets, or of what an answer should be.
package control

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Version is the protocol version that this package speaks.
const Version = 1

// MaxFrame is the largest payload of a message in bytes. A longer one is refused before it is read.
const MaxFrame = 1 << 20

// MaxHello is the largest payload of a Hello in bytes: all that is read of a peer of whom nothing is known.
const MaxHello = 256 << 10

// Type says what a message is. The values are part of the wire format.
type Type uint8

// The message types.
const (
	TypeHello     Type = 1
	TypeWelcome   Type = 2
	TypeError     Type = 3
	TypeEntry     Type = 4
	TypeEnd       Type = 5
	TypeWant      Type = 6
	TypeHave      Type = 7
	TypeSending   Type = 8
	TypeDigest    Type = 9
	TypeFileDone  Type = 10
	TypeComplete  Type = 11
	TypeKeepalive Type = 12
	TypeRate      Type = 13
	TypeContinue  Type = 14
	TypeSources   Type = 15
)

// Message is one message of the control channel; its concrete types are in this package.
type Message interface {
	// Type is the message's number on the wire.
	Type() Type
	// append adds the payload to b.
	append(b []byte) ([]byte, error)
}

// ErrMalformed is wrapped by every error that is the peer's fault: a message too long, cut short, or out of range.
var ErrMalformed = errors.New("malformed control message")

// ErrTooLong is wrapped by the error for a message that this end can't send because it is too long.
var ErrTooLong = errors.New("message is too long")

const headerLen = 5

// Append adds the frame of m to b: payload length (4 bytes, big endian), type (1 byte), payload.
func Append(b []byte, m Message) ([]byte, error) {
	start := len(b)
	b = append(b, 0, 0, 0, 0, byte(m.Type()))
	b, err := m.append(b)
	if err != nil {
		return b[:start], fmt.Errorf("encode control message %d: %w", m.Type(), err)
	}
	n := len(b) - start - headerLen
	if most := mostPayload(m.Type()); n > most {
		return b[:start], fmt.Errorf("encode control message %d: %w: %d bytes exceed the limit of %d", m.Type(), ErrTooLong,
			n, most)
	}
	binary.BigEndian.PutUint32(b[start:], uint32(n))
	return b, nil
}

// mostPayload is the largest payload of a type.
func mostPayload(t Type) int {
	if t == TypeHello {
		return MaxHello
	}
	return MaxFrame
}

// Reader reads messages from a stream. It is for one goroutine.
type Reader struct {
	r   io.Reader
	buf []byte
}

// NewReader returns a Reader of r, which should be buffered.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Read returns the next message. It returns io.EOF at a clean end, io.ErrUnexpectedEOF inside a message, and an error
// that wraps ErrMalformed for one that breaks the format. Messages of unknown type are skipped: they are how a later
// version may add hints.
func (r *Reader) Read() (Message, error) {
	for {
		m, err := r.ReadFrame()
		if m != nil || err != nil {
			return m, err
		}
	}
}

// ReadFrame is Read, but returns nil for a message of unknown type instead of waiting for the next.
func (r *Reader) ReadFrame() (Message, error) {
	var header [headerLen]byte
	if _, err := io.ReadFull(r.r, header[:]); err != nil {
		return nil, err
	}
	return r.rest(header)
}

// ReadHello reads the first message of a client from stream, and nothing behind it. What is no Hello, or is longer than
// MaxHello, is refused before it is read.
func ReadHello(stream io.Reader) (*Hello, error) {
	var header [headerLen]byte
	if _, err := io.ReadFull(stream, header[:]); err != nil {
		return nil, err
	}
	if Type(header[4]) != TypeHello {
		return nil, fmt.Errorf("%w: the first message is no hello", ErrMalformed)
	}
	m, err := NewReader(stream).rest(header)
	if err != nil {
		return nil, err
	}
	return m.(*Hello), nil
}

// rest reads the payload that follows a header, and decodes it.
func (r *Reader) rest(header [headerLen]byte) (Message, error) {
	n, t := binary.BigEndian.Uint32(header[:]), Type(header[4])
	if most := mostPayload(t); n > uint32(most) {
		return nil, fmt.Errorf("%w: type %d has %d bytes, the limit is %d", ErrMalformed, t, n, most)
	}
	payload, err := r.payload(int(n))
	if err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return Decode(t, payload)
}

// payload reads n bytes. Its memory grows with what came, not with n, which is the peer's word
// (TestReaderAllocatesForWhatCame).
func (r *Reader) payload(n int) ([]byte, error) {
	for have := 0; ; {
		if have == n {
			return r.buf[:n], nil
		}
		if have == cap(r.buf) {
			r.buf = append(make([]byte, 0, min(n, max(2*have, firstRead))), r.buf[:have]...)
		}
		next := min(n, cap(r.buf))
		if _, err := io.ReadFull(r.r, r.buf[have:next]); err != nil {
			return nil, err
		}
		have = next
	}
}

// firstRead is how many bytes of a payload have room before any of them came.
const firstRead = 4 << 10

// Buffered reports whether a whole frame is in r, so that reading it waits for nobody.
func Buffered(r *bufio.Reader) bool {
	if r.Buffered() < headerLen {
		return false
	}
	header, err := r.Peek(headerLen)
	return err == nil && uint32(r.Buffered()-headerLen) >= binary.BigEndian.Uint32(header)
}

// Decode returns the message of one payload, or nil for an unknown type. The message keeps nothing of payload.
func Decode(t Type, payload []byte) (Message, error) {
	switch t {
	case TypeHello:
		return decodeJSON[Hello](t, payload)
	case TypeWelcome:
		return decodeJSON[Welcome](t, payload)
	case TypeError:
		return decodeJSON[Error](t, payload)
	case TypeSources:
		return decodeJSON[Sources](t, payload)
	}
	d := decoder{b: payload}
	var m Message
	switch t {
	case TypeEntry:
		m = decodeEntry(&d)
	case TypeEnd:
		m = &End{Entries: d.uvarint(), Bytes: d.uvarint()}
	case TypeWant:
		m = &Want{Index: d.uvarint()}
	case TypeHave:
		m = decodeHave(&d)
	case TypeSending:
		m = decodeSending(&d)
	case TypeDigest:
		m = decodeDigest(&d)
	case TypeFileDone:
		m = decodeFileDone(&d)
	case TypeComplete:
		m = &Complete{Files: d.uvarint(), Skipped: d.uvarint(), Failed: d.uvarint(), Bytes: d.uvarint()}
	case TypeKeepalive:
		m = &Keepalive{}
	case TypeContinue:
		m = &Continue{}
	case TypeRate:
		m = &Rate{TargetKbps: d.uvarint()}
	default:
		return nil, nil
	}
	if err := d.finish(); err != nil {
		return nil, fmt.Errorf("%w: type %d: %w", ErrMalformed, t, err)
	}
	return m, nil
}
