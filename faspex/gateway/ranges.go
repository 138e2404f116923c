package gateway

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// span is a part of a content, from from to before to.
type span struct{ from, to int64 }

var errUnsatisfiable = errors.New("the range is not in the content")

// parseRange reads a Range of one part. Others are not heeded, as RFC 9110 permits: ok is false.
func parseRange(text string, size int64) (s span, ok bool, err error) {
	text, isBytes := strings.CutPrefix(text, "bytes=")
	first, last, hasDash := strings.Cut(strings.TrimSpace(text), "-")
	if !isBytes || !hasDash || strings.Contains(text, ",") {
		return span{}, false, nil
	}
	if first == "" {
		n, err := strconv.ParseInt(last, 10, 64)
		if err != nil || n < 0 {
			return span{}, false, nil
		}
		if n == 0 || size == 0 {
			return span{}, false, errUnsatisfiable
		}
		return span{max(0, size-n), size}, true, nil
	}
	from, err := strconv.ParseInt(first, 10, 64)
	if err != nil || from < 0 {
		return span{}, false, nil
	}
	to := size
	if last != "" {
		end, err := strconv.ParseInt(last, 10, 64)
		if err != nil || end < from {
			return span{}, false, nil
		}
		to = min(size-1, end) + 1
	}
	if from >= size {
		return span{}, false, errUnsatisfiable
	}
	return span{from, to}, true, nil
}

// errEnough ends the writing of a content of which no more is wanted.
var errEnough = errors.New("all that was asked for is written")

// cut passes on a span of what is written to it.
type cut struct {
	w    io.Writer
	at   int64
	want span
	// stops says that more than the span would come: that need not be made.
	stops bool
}

func (c *cut) Write(p []byte) (int, error) {
	n := int64(len(p))
	from := min(n, max(0, c.want.from-c.at))
	to := max(from, min(n, c.want.to-c.at))
	c.at += n
	if to > from {
		if _, err := c.w.Write(p[from:to]); err != nil {
			return 0, err
		}
	}
	if c.stops && c.at >= c.want.to {
		return int(n), errEnough
	}
	return int(n), nil
}

// writeIdle is how long a client may take nothing: who pauses a download has it broken then, and can go on with it.
const writeIdle = 10 * time.Minute

// patient is the body of an answer that may take as long as it likes, if it does not stand still.
type patient struct {
	w       io.Writer
	control *http.ResponseController
	until   time.Time
	n       int64
}

func (p *patient) Write(b []byte) (int, error) {
	if now := time.Now(); p.until.Sub(now) < writeIdle/2 {
		p.until = now.Add(writeIdle)
		_ = p.control.SetWriteDeadline(p.until) // One that can't be set bounds the answer.
	}
	n, err := p.w.Write(b)
	p.n += int64(n)
	return n, err
}
