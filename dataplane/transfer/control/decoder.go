package control

import (
	"encoding/binary"
	"errors"
	"fmt"
)

var (
	errShort    = errors.New("it is cut short")
	errTrailing = errors.New("bytes follow its end")
)

// decoder reads the fields of a payload. The first failure sticks and every later read gives zero.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

func (d *decoder) finish() error {
	if d.err == nil && len(d.b) > 0 {
		return errTrailing
	}
	return d.err
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail(errShort)
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail(errShort)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// size reads an unsigned number that must fit a file size.
func (d *decoder) size() int64 {
	v := d.uvarint()
	if v > MaxSpace {
		d.fail(fmt.Errorf("size %d exceeds the limit", v))
		return 0
	}
	return int64(v)
}

// count reads the number of elements that follow, each of at least minLen bytes.
func (d *decoder) count(minLen int) int {
	v := d.uvarint()
	if v > uint64(len(d.b)/minLen) {
		d.fail(errShort)
		return 0
	}
	return int(v)
}

// few is count for lists of which one message has no more than MaxHave elements.
func (d *decoder) few(minLen int) int {
	n := d.count(minLen)
	if n > MaxHave {
		d.fail(fmt.Errorf("%d elements exceed the limit of %d", n, MaxHave))
		return 0
	}
	return n
}

func (d *decoder) byte() byte {
	b := d.bytes(1)
	if b == nil {
		return 0
	}
	return b[0]
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.b) {
		d.fail(errShort)
		return nil
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}

func (d *decoder) string(limit int) string {
	n := d.uvarint()
	if n > uint64(limit) {
		d.fail(fmt.Errorf("text of %d bytes exceeds the limit of %d", n, limit))
		return ""
	}
	return string(d.bytes(int(n)))
}

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}
