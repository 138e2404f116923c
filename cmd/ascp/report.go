package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/faspmgr"
	"faspex.io/operator/dataplane/transferspec"
)

// watch shows progress until ctx ends.
func (t *task) watch(ctx context.Context) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	announced := int64(-1)
	for n, over := 0, false; !over; n++ {
		select {
		case <-ctx.Done():
			over = true
		case <-tick.C:
		}
		p := t.client.Progress()
		if !over {
			t.display.update(p)
		}
		if p.Known && p.BytesExpected != announced { // Of the shortest transfers, too.
			announced = p.BytesExpected
			t.manager.Send("NOTIFICATION", faspmgr.Int("PreTransferBytes", p.BytesExpected),
				faspmgr.Int("PreTransferFiles", p.FilesExpected))
		}
		if over || n%5 == 4 {
			t.stats(p)
		}
	}
}

func (t *task) stats(p transfer.Progress) {
	t.manager.Send("STATS",
		faspmgr.Int("TransferBytes", p.BytesMoved), faspmgr.Int("StartByte", p.BytesResumed),
		faspmgr.Int("FilesComplete", p.FilesDone), faspmgr.Int("FilesFailed", p.FilesFailed),
		faspmgr.Int("Rate", p.RateBps/1000), faspmgr.Int("Delay", p.RTT.Milliseconds()))
}

func (t *task) welcomed(w control.Welcome) {
	t.began, t.sessionID = true, w.SessionID
	t.logSession(w)
	if t.options.CipherOptional && w.Options.Cipher != t.options.Cipher {
		t.warn("-T: the server permits no cipher " + t.options.Cipher + ", the data is encrypted with " + w.Options.Cipher)
	}
	if t.options.RemovesAtServer() && !w.Options.RemovesAtServer() {
		t.warn("the server is one that removes no sources after they are received")
	}
	t.manager.Send("INIT", faspmgr.Field{Name: "SessionId", Value: w.SessionID})
	direction := "Send"
	if t.direction == transferspec.Receive {
		direction = "Receive"
	}
	t.manager.Send("SESSION",
		faspmgr.Field{Name: "SessionId", Value: w.SessionID}, faspmgr.Field{Name: "Host", Value: t.host},
		faspmgr.Field{Name: "User", Value: t.user}, faspmgr.Field{Name: "Direction", Value: direction},
		faspmgr.Field{Name: "Encryption", Value: "Yes"}, faspmgr.Field{Name: "Cipher", Value: w.Options.Cipher},
		faspmgr.Int("TargetRate", w.Options.TargetKbps), faspmgr.Int("UdpPort", int64(w.UDPPort)))
}

func (t *task) fileEnded(e transfer.FileEvent) {
	t.tally.add(e)
	t.disposal.sent(e)
	if t.options.RemoveSources {
		t.arrivals.add(e)
	}
	t.listing.add(e)
	if e.Err != nil {
		t.display.note(e.Err.Text)
		t.manager.Send("FILEERROR", faspmgr.Field{Name: "File", Value: e.Path}, faspmgr.Int("Code", int64(e.Err.Code)),
			faspmgr.Field{Name: "Description", Value: e.Err.Text})
		return
	}
	if e.LeftOut != nil {
		t.display.note(e.LeftOut.Text)
	}
	if e.StaysEncrypted != nil {
		t.display.note(e.StaysEncrypted.Text)
	}
	fields := []faspmgr.Field{
		{Name: "File", Value: e.Path}, faspmgr.Int("Size", e.Size), faspmgr.Int("StartByte", e.Resumed),
	}
	if e.Checksum != "" {
		fields = append(fields, faspmgr.Field{Name: "FileChecksumType", Value: e.ChecksumType},
			faspmgr.Field{Name: "FileChecksum", Value: e.Checksum})
	}
	t.manager.Send("STOP", fields...)
}

// reportEnd is the last event.
func (t *task) reportEnd(s transfer.Summary, err error) {
	fields := []faspmgr.Field{
		faspmgr.Int("TransferBytes", s.BytesMoved), faspmgr.Int("StartByte", s.BytesResumed),
		faspmgr.Int("FilesComplete", s.FilesDone), faspmgr.Int("FilesFailed", s.FilesFailed),
	}
	if err == nil {
		t.manager.Send("DONE", fields...)
		return
	}
	e := fail.Of(err, fail.Internal)
	fields = append(fields, faspmgr.Int("Code", int64(e.Code)), faspmgr.Field{Name: "Description", Value: e.Text})
	t.manager.Send("ERROR", fields...)
}

// obey performs a command of the manager.
func (t *task) obey(f faspmgr.Frame) {
	switch f.Type {
	case "RATE":
		t.changeRate(f)
	case "START":
		if t.orders != nil {
			t.order(f)
		}
	case "DONE":
		if t.orders != nil {
			t.orders.close()
		}
	case "CANCEL":
		t.cancel(&fail.Error{Code: fail.Canceled, Text: "canceled by the manager, run again to resume"})
	}
}

// changeRate obeys a RATE, any of whose fields may be missing.
func (t *task) changeRate(f faspmgr.Frame) {
	number := func(name string) *int64 {
		if kbps, err := strconv.ParseInt(strings.TrimSpace(f.Get(name)), 10, 64); err == nil && kbps >= 0 {
			return &kbps
		}
		return nil
	}
	target := number("Rate")
	if t.direction == transferspec.Receive {
		if target != nil {
			t.client.SetTargetRate(*target)
		}
		return
	}
	var policy *engine.Policy
	switch p := engine.Policy(strings.ToLower(strings.TrimSpace(f.Get("Policy")))); p {
	case engine.PolicyFair, engine.PolicyFixed, engine.PolicyHigh, engine.PolicyLow:
		policy = &p
	}
	t.client.SetRate(target, number("MinRate"), policy)
}
