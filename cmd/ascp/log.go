package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// logName is the published name of the log of transfers in the folder that -L names. What does not fit
// is kept once, under fullLogName.
const (
	logName     = "aspera-scp-transfer.log"
	fullLogName = "aspera-scp-transfer.0.log"
	logMegabyte = 10
)

// openLog opens the log that -L asks for: a folder with a size in megabytes behind a colon, or - for standard error. Of
// transfers it says who, where and why they ended, and no secret (TestLog).
func openLog(text string) (*slog.Logger, io.Closer, error) {
	if text == "" {
		return slog.New(slog.DiscardHandler), io.NopCloser(nil), nil
	}
	if text == "-" {
		return newLogger(os.Stderr), io.NopCloser(nil), nil
	}
	dir, megabytes := text, int64(logMegabyte)
	if i := strings.LastIndexByte(text, ':'); i > 0 {
		if n, err := strconv.ParseInt(text[i+1:], 10, 32); err == nil && n > 0 {
			dir, megabytes = text[:i], n
		}
	}
	name := filepath.Join(dir, logName)
	if info, err := os.Stat(name); err == nil && info.Size() >= megabytes<<20 {
		_ = os.Rename(name, filepath.Join(dir, fullLogName)) // Else it goes on where it is.
	}
	// Names of files are nobody else's business.
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, fail.New(fail.Usage, "the log (-L) can't be opened: %w", err)
	}
	return newLogger(f), f, nil
}

func newLogger(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, nil)).With("pid", os.Getpid())
}

// logRequest says what is asked for.
func (t *task) logRequest() {
	o := t.options
	over, port := "ssh", t.sshPort
	if t.webSocket {
		over, port = "websocket", t.webSocketPort
	}
	key := len(t.keyFiles) > 0 || t.sshKeyFile != "" || t.keyPEM != ""
	t.log.Info("transfer", "transfer", t.transferID, "direction", string(t.direction),
		"host", t.host, "user", t.user, "over", over, "port", port, "token", t.token != "", "key", key,
		"sources", len(t.sources), "destination", t.destination,
		"policy", o.RatePolicy, "targetKbps", o.TargetKbps, "minKbps", o.MinKbps, "cipher", o.Cipher,
		"resume", o.Resume, "overwrite", o.Overwrite, "session", fmt.Sprintf("%d:%d", o.Session, o.Sessions))
}

// logSession says what was agreed on.
func (t *task) logSession(w control.Welcome) {
	o := w.Options
	t.log.Info("session begins", "session", w.SessionID, "server", w.Agent, "udpPort", w.UDPPort, "address", t.answered,
		"cipher", o.Cipher, "policy", o.RatePolicy, "targetKbps", o.TargetKbps, "minKbps", o.MinKbps,
		"capKbps", w.TargetCapKbps)
}

// logEnd says how the transfer ended.
func (t *task) logEnd(s transfer.Summary, err error) {
	e := fail.Of(err, fail.Internal)
	fields := []any{"session", t.sessionID, "files", s.FilesDone, "failed", s.FilesFailed, "bytes", s.BytesMoved,
		"resumed", s.BytesResumed, "elapsed", s.Elapsed.String(), "lost", s.Lost}
	if e != nil {
		t.log.Error("transfer failed", append(fields, "code", int(e.Code), "error", e.Text)...)
		return
	}
	t.log.Info("transfer completed", fields...)
}
