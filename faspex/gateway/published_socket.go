package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"faspex.io/operator/faspex/address"
	"faspex.io/operator/faspex/process"
)

// Uploads of versions 1 and 2, over a WebSocket. Text messages are JSON with one key, what the server says are bare
// words:
//
//	client                                                        server
//	{"transfer_spec": {...}}                                      end upload
//	{"slice_upload": {"name","size","slice":0,...}}   (version 2) end_slice_upload
//	a binary message: a slice                         (version 2) end upload
//	{"slice_upload": ...} once more, after the last   (version 2) end_slice_upload
//	{"slice_upload": {..., "data": base64}}           (version 1) end upload
//	closes
//
// Some clients send the next slice only on "end upload", others do not wait; so that word comes once for the spec and
// once for each slice, and never for a delimiter. The word for the last slice is said when the node has verified and
// named all files: the clients call the upload complete then. An empty file has no slice: it is made when a file after
// it begins, or when the client closes.

const (
	saidSlice     = "end upload"
	saidDelimiter = "end_slice_upload"

	// messageWithin is how long a message may take, and finishWithin how long a node may take to verify what was sent.
	messageWithin = 2 * time.Minute
	finishWithin  = 10 * time.Minute
	// fewText is what a text message takes without a place among the long ones, of which there are so many at a time.
	fewText   = 64 << 10
	longTexts = 6
	// mostReason is what fits the reason of a close frame.
	mostReason = 120
)

// socketMessage is a text message.
type socketMessage struct {
	Spec  *publishedSpec `json:"transfer_spec"`
	Slice *slice         `json:"slice_upload"`
}

type slice struct {
	Name  string `json:"name"`
	Size  int64  `json:"size"`
	Slice int64  `json:"slice"`
	Index int    `json:"fileIndex"`
	// Data is there in version 1 only.
	Data []byte `json:"data"`
}

// parseMessage reads a text message.
func parseMessage(text []byte) (socketMessage, error) {
	m := socketMessage{}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, newProblem(http.StatusBadRequest, "bad_request", "A message is no JSON of this protocol.")
	}
	switch {
	case (m.Spec == nil) == (m.Slice == nil):
		return m, newProblem(http.StatusBadRequest, "bad_request",
			"A message has neither a transfer_spec nor a slice_upload.")
	case m.Slice != nil && (m.Slice.Size < 0 || m.Slice.Slice < 0):
		return m, newProblem(http.StatusBadRequest, "bad_request", "A slice has a size that is none.")
	}
	return m, nil
}

// socket is a WebSocket of an upload.
type socket struct {
	*websocket.Conn
	server *Server
	binary bool // slices are binary messages: version 2
	// program says that the client is no page of a browser. Such a client closes without a code when all is sent, and a
	// page when the person has canceled.
	program bool
	files   *sequence
	inFile  bool // between the delimiters of a file
}

// uploadSocket serves an upload over a WebSocket.
func (s *Server) uploadSocket(binary bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		leave, err := s.bounds.admit(address.Client(r, s.proxies))
		if err != nil {
			s.refuse(w, r, err)
			return
		}
		defer leave()
		conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true,
			CompressionMode: websocket.CompressionDisabled})
		if err != nil {
			s.log.InfoContext(r.Context(), "websocket refused", "request", process.RequestID(r.Context()), "error", err)
			return
		}
		conn.SetReadLimit(-1) // Binary messages go on as they come, texts are bounded where they are read.
		// The request's context ends with the handler alone, and with the gateway.
		ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
		stop := context.AfterFunc(s.living, func() { cancel(context.Cause(s.living)) })
		defer stop()
		defer cancel(nil)
		x := &socket{Conn: conn, server: s, binary: binary, program: r.Header.Get("Origin") == ""}
		err = x.serve(ctx)
		if x.files != nil {
			x.files.close(errClosed) // Nothing happens to one that has ended.
		}
		x.end(ctx, err)
	}
}

// Why reading ends: the client has sent everything, or has gone before.
var (
	errAllSent = errors.New("the client has sent everything")
	errGone    = errors.New("the client has gone")
)

func (x *socket) serve(ctx context.Context) error {
	if err := x.begin(ctx); err != nil {
		return err
	}
	word, finished := saidSlice, false
	for {
		if err := x.say(ctx, word); err != nil {
			return err
		}
		var err error
		switch word, err = x.next(ctx); {
		case errors.Is(err, errAllSent) && finished:
			return nil
		case errors.Is(err, errAllSent):
			return x.finish(ctx)
		case err != nil:
			return err
		case word == saidSlice && !finished && x.files.isWhole():
			if err := x.finish(ctx); err != nil {
				return err
			}
			finished = true
		}
	}
}

// begin takes the spec and opens the session with the node.
func (x *socket) begin(ctx context.Context) error {
	first, cancel := context.WithTimeout(ctx, x.server.bounds.limits.FirstMessage)
	defer cancel()
	kind, r, err := x.read(first)
	if err != nil {
		if first.Err() != nil && ctx.Err() == nil {
			x.server.bounds.refusals.WithLabelValues("first_message").Inc()
		}
		return err
	}
	if kind != websocket.MessageText {
		return newProblem(http.StatusBadRequest, "bad_request", "The first message is no transfer_spec.")
	}
	m, done, err := x.text(first, r)
	if err != nil {
		return err
	}
	defer done()
	if m.Spec == nil {
		return newProblem(http.StatusBadRequest, "bad_request", "The first message is no transfer_spec.")
	}
	x.files, err = x.server.beginSequence(ctx, m.Spec.Spec)
	return err
}

// next takes a message and returns the word that answers it.
func (x *socket) next(ctx context.Context) (word string, err error) {
	ctx, cancel := context.WithTimeout(ctx, x.server.idle)
	defer cancel()
	kind, r, err := x.read(ctx)
	if err != nil {
		return "", err
	}
	if kind == websocket.MessageBinary {
		if !x.binary {
			return "", newProblem(http.StatusBadRequest, "bad_request", "Version 1 has no binary messages.")
		}
		return saidSlice, x.files.give(ctx, r)
	}
	m, done, err := x.text(ctx, r)
	if err != nil {
		return "", err
	}
	defer done()
	if m.Slice == nil {
		return "", newProblem(http.StatusBadRequest, "bad_request", "There is one transfer_spec in an upload.")
	}
	if x.binary {
		return saidDelimiter, x.delimit(ctx, m.Slice)
	}
	if m.Slice.Slice == 0 {
		if err := x.beginFile(ctx, m.Slice); err != nil {
			return "", err
		}
	}
	return saidSlice, x.files.give(ctx, bytes.NewReader(m.Slice.Data))
}

// delimit begins or ends a file of version 2.
func (x *socket) delimit(ctx context.Context, m *slice) error {
	if x.inFile {
		x.inFile = false
		if x.files.current >= 0 {
			return newProblem(http.StatusBadRequest, "incomplete", "A file has fewer bytes than were announced.")
		}
		return nil
	}
	x.inFile = true
	return x.beginFile(ctx, m)
}

func (x *socket) beginFile(ctx context.Context, m *slice) error {
	i, err := x.files.find(m.Index, m.Name)
	if err != nil {
		return err
	}
	return x.files.begin(ctx, i, m.Size)
}

// read waits for a message.
func (x *socket) read(ctx context.Context) (websocket.MessageType, io.Reader, error) {
	kind, r, err := x.Reader(ctx)
	switch status := websocket.CloseStatus(err); {
	case err == nil:
		return kind, r, nil
	case status == websocket.StatusNormalClosure, status == websocket.StatusNoStatusRcvd && x.program:
		return 0, nil, errAllSent
	}
	return 0, nil, errGone
}

// text reads a text message. done gives back the place that a long one takes.
func (x *socket) text(ctx context.Context, r io.Reader) (m socketMessage, done func(), err error) {
	done = func() {}
	text, err := io.ReadAll(io.LimitReader(r, fewText))
	if err == nil && len(text) == fewText {
		select {
		case x.server.texts <- struct{}{}:
			done = func() { <-x.server.texts }
		case <-ctx.Done():
			return m, done, context.Cause(ctx)
		}
		var rest []byte
		reading, cancel := context.WithTimeout(ctx, messageWithin)
		stop := context.AfterFunc(reading, func() { _ = x.CloseNow() })
		rest, err = io.ReadAll(io.LimitReader(r, mostText-fewText+1))
		stop()
		cancel()
		text = append(text, rest...)
	}
	switch {
	case err != nil:
		err = errGone
	case len(text) > mostText:
		err = newProblem(http.StatusRequestEntityTooLarge, "too_long", "A message is longer than 4 MiB.")
	default:
		m, err = parseMessage(text)
	}
	if err != nil {
		done()
		return m, func() {}, err
	}
	return m, done, nil
}

func (x *socket) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, finishWithin)
	defer cancel()
	return x.files.finish(ctx)
}

func (x *socket) say(ctx context.Context, word string) error {
	ctx, cancel := context.WithTimeout(ctx, messageWithin)
	defer cancel()
	if err := x.Write(ctx, websocket.MessageText, []byte(word)); err != nil {
		return errGone
	}
	return nil
}

// end says farewell: what went wrong as JSON and in the close frame, for some clients read the one and some the other.
func (x *socket) end(ctx context.Context, err error) {
	switch {
	case err == nil, errors.Is(err, errAllSent):
		_ = x.Close(websocket.StatusNormalClosure, "") // the client may have gone already
		return
	case errors.Is(err, errGone):
		x.server.log.InfoContext(ctx, "upload broke off", "request", process.RequestID(ctx))
		_ = x.CloseNow()
		return
	}
	p := problemOf(err)
	if p.Err != nil && p.Status >= http.StatusInternalServerError {
		x.server.log.WarnContext(ctx, "upload failed", "request", process.RequestID(ctx), "code", p.Code, "error", p.Err)
	}
	text, _ := json.Marshal(map[string]string{"message": p.Message, "code": p.Code}) // strings always have a JSON
	if x.say(context.WithoutCancel(ctx), string(text)) != nil {
		_ = x.CloseNow()
		return
	}
	status := websocket.StatusPolicyViolation
	if p.Status >= http.StatusInternalServerError {
		status = websocket.StatusInternalError
	}
	_ = x.Close(status, shortReason(p.Message))
}

// shortReason cuts a text to what a close frame takes.
func shortReason(text string) string {
	for len(text) > mostReason || !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text
}
