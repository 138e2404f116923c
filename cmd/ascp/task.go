package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/engine/udplink"
	"faspex.io/operator/dataplane/sshd/dial"
	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transfer/faspmgr"
	"faspex.io/operator/dataplane/transfer/manifest"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/internal/version"
	"github.com/google/uuid"
)

const defaultSSHPort = 33001

// task runs one request.
type task struct {
	*request
	client  *transfer.Client
	manager *faspmgr.Manager
	display *display
	cancel  context.CancelCauseFunc
	log     *slog.Logger
	began   bool // the last session was welcomed
	// sessionID is that of the last session.
	sessionID string
	tally     tally
	disposal  *disposal
	arrivals  arrivals
	orders    *orders // of a manager, with --keepalive
	listing   *listing
	hostKey   *dial.HostKey
	// answered is the address of the host at which the session is.
	answered string
}

func newTask(r *request, cancel context.CancelCauseFunc) *task {
	if r.transferID == "" {
		r.transferID = uuid.NewString()
	}
	return &task{request: r, cancel: cancel}
}

// run connects and transfers. The manager, if there is one, is called before anything else.
func (t *task) run(ctx context.Context) error {
	var err error
	var log io.Closer
	if t.log, log, err = openLog(t.logFolder); err != nil {
		return err
	}
	defer log.Close()
	t.display = newDisplay(t.quiet || t.debug, t.log)
	t.logRequest()
	for _, notice := range t.notices {
		t.warn(notice)
	}
	if t.managementPort != 0 {
		if t.manager, err = faspmgr.Connect(ctx, t.managementPort); err != nil {
			err = fail.New(fail.Usage, "%w", err)
			t.logEnd(transfer.Summary{}, err)
			return err
		}
	}
	summary, err := t.transfer(ctx)
	t.display.close()
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	t.logEnd(summary, err)
	t.reportEnd(summary, err)
	if err == nil && !t.quiet {
		t.display.summary(summary, &t.tally)
	}
	return err
}

func (t *task) transfer(ctx context.Context) (transfer.Summary, error) {
	t.client = &transfer.Client{
		Hello: control.Hello{
			Agent: "faspex ascp " + version.Version, Direction: string(t.direction), Token: t.token, Options: t.options,
			Cookie: t.cookie, Tags: t.tags, TransferID: t.transferID,
		},
		Dial: t.dialData, OnWelcome: t.welcomed, OnFile: t.fileEnded,
	}
	if t.debug {
		t.client.Logger = slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}
	var err error
	var stream func(context.Context) error
	if t.streaming() {
		stream, err = t.prepareStreams()
	} else if t.direction == transferspec.Send {
		err = t.prepareSend()
	} else {
		var target *storage.Root
		if target, err = t.prepareReceive(); err == nil {
			defer target.Close()
		}
	}
	if err != nil {
		return transfer.Summary{}, err
	}
	if err := t.protect(); err != nil {
		return transfer.Summary{}, err
	}
	if t.keepalive {
		t.orders = newOrders()
		t.client.MoreRoots = t.orders.next
	}
	t.disposal = newDisposal(t.after, t.client.Roots, t.display.note)
	defer t.disposal.close()
	if t.listing, err = t.list.begin(t.request); err != nil {
		return transfer.Summary{}, err
	}
	t.listing.digestKept(t.request, t.client.Target)
	go func() {
		t.manager.Commands(t.obey)
		if t.orders != nil {
			t.orders.close() // Nobody is left to name more.
		}
	}()
	var summary transfer.Summary
	if stream != nil {
		summary, err = t.alongside(ctx, stream)
	} else {
		summary, err = t.persist(ctx)
	}
	if err == nil {
		filters, _ := manifest.NewFilters(t.options.Filters) // They were read before.
		err = t.disposal.finish(filters)
	}
	if listed := t.listing.end(ctx, err); err == nil {
		err = listed
	}
	return summary, err
}

func (t *task) dialData(ctx context.Context, port int, cfg engine.Config) (engine.Link, error) {
	if t.udpPort != 0 && t.options.Sessions <= 1 { // Programs number the ports of parallel sessions; here all have one.
		port = t.udpPort
	}
	host := t.host
	if t.answered != "" { // A name may have several addresses, and the session is at this one.
		host = t.answered
	}
	link, err := udplink.Dial(ctx, net.JoinHostPort(host, strconv.Itoa(port)), cfg,
		udplink.Options{MaxDatagram: t.options.DatagramSize})
	if err != nil {
		return nil, noData(err, port, t.host)
	}
	return link, nil
}

// noData says why the data channel did not come up, as far as that is known.
func noData(err error, port int, host string) error {
	e := &fail.Error{Code: fail.DataTimeout, Err: err}
	var known *udplink.Obstacle
	switch {
	case errors.As(err, &known):
		e.Text = fmt.Sprintf("no data connection to UDP port %d of %s: %v", port, host, known)
	case errors.Is(err, context.DeadlineExceeded):
		e.Text = fmt.Sprintf("no answer from UDP port %d of %s: is it open in every firewall?", port, host)
	default:
		e.Text = fmt.Sprintf("no data connection to UDP port %d of %s: %v", port, host, err)
	}
	return e
}

// prepareSend finds the local sources and the names they get.
func (t *task) prepareSend() error {
	t.client.Hello.Destination = t.destination
	if err := encodable(t.destination); err != nil {
		return err
	}
	for _, s := range t.sources {
		if err := encodable(s.Destination); err != nil {
			return err
		}
		p := joinSource(t.sourcePrefix, s.Source)
		root := transfer.Root{Tree: transfer.HostTree{}, Path: p, Name: t.nameOf(p)}
		if t.pairs {
			root.Name = strings.Trim(path.Clean("/"+s.Destination), "/")
			t.client.Hello.Sources = append(t.client.Hello.Sources, control.Source{Source: s.Source, Destination: s.Destination})
		}
		t.client.Roots = append(t.client.Roots, root)
	}
	t.client.Hello.Pairs = t.pairs
	if len(t.client.Roots) == 1 && !t.pairs {
		look := os.Lstat
		if t.options.Symlinks == manifest.SymlinksFollow {
			look = os.Stat
		}
		info, err := look(t.client.Roots[0].Path)
		if err != nil {
			return fail.File(t.sources[0].Source, err, fail.DiskRead)
		}
		// A file that is encrypted has a name of its own.
		t.client.Hello.Single = !info.IsDir() && t.fileCrypt != encryptFiles
	}
	return nil
}

// joinSource puts the source prefix before a source. "." stays at the end: it stands for what a folder holds.
func joinSource(prefix, source string) string {
	joined := source
	if prefix != "" {
		joined = path.Join(prefix, source)
	}
	if trimmed := strings.TrimRight(source, "/"); trimmed == "." || strings.HasSuffix(trimmed, "/.") {
		return strings.TrimSuffix(path.Clean(joined), "/") + "/."
	}
	return joined
}

// nameOf is the name that a local source gets at the destination.
func (r *request) nameOf(p string) string {
	if strings.HasSuffix(p, "/.") {
		return ""
	}
	clean := filepath.ToSlash(filepath.Clean(p))
	if r.sourceBase != "" {
		if rel, err := filepath.Rel(r.sourceBase, clean); err == nil && filepath.IsLocal(rel) {
			if rel == "." {
				return ""
			}
			return filepath.ToSlash(rel)
		}
	}
	if clean == "." || clean == "/" {
		return ""
	}
	if base := path.Base(clean); base != ".." {
		return base
	}
	return ""
}

// encodable refuses names that the messages to a server can't carry.
func encodable(texts ...string) error {
	for _, text := range texts {
		if !utf8.ValidString(text) {
			return fail.New(fail.BadPath, "%s: the name is not UTF-8, and names at a node are", shown(text))
		}
	}
	return nil
}

// nameSources names what the server is to send.
func (t *task) nameSources() error {
	for _, s := range t.sources {
		if err := encodable(t.sourcePrefix, s.Source, s.Destination); err != nil {
			return err
		}
		t.client.Hello.Sources = append(t.client.Hello.Sources, control.Source{Source: joinSource(t.sourcePrefix, s.Source),
			Destination: s.Destination})
	}
	t.client.Hello.Base = t.sourceBase
	return nil
}

// prepareReceive opens the local destination. If it does not exist and one source is asked for, it is the new name of
// that source.
func (t *task) prepareReceive() (*storage.Root, error) {
	if err := t.nameSources(); err != nil {
		return nil, err
	}
	folder, rename := t.destination, ""
	if folder == "" {
		folder = "."
	}
	info, err := os.Stat(folder)
	// A source that stands for what a folder holds has no name that the destination could be another of.
	single := len(t.sources) == 1 && !t.pairs && transfer.SentName(t.client.Hello.Sources[0].Source, t.sourceBase) != ""
	switch {
	case err == nil && info.IsDir():
	case err == nil && !info.Mode().IsRegular():
		return nil, fail.New(fail.NotRegular, "%s: is no regular file: devices, pipes and sockets are never replaced", folder)
	case err == nil && !single:
		return nil, fail.New(fail.NotDirectory, "%s: is a file, not a folder", folder)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fail.File(folder, err, fail.DiskWrite)
	case err != nil && (t.options.CreateDir || strings.HasSuffix(folder, "/")):
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, fail.File(folder, err, fail.Permission)
		}
	case single:
		folder, rename = filepath.Dir(folder), filepath.Base(folder)
	default:
		return nil, fail.New(fail.NoSuchFile, "%s: no such folder (-d creates it)", folder)
	}
	root, err := storage.Open(folder)
	if err != nil {
		return nil, fail.File(folder, err, fail.NoSuchFile)
	}
	t.client.Target = root
	if rename != "" {
		t.client.Name = renamed(rename)
	}
	return root, nil
}

// renamed gives the one source that was asked for another name. A server that sends more than that would have it
// all lie together under the name.
func renamed(name string) func(string) (string, *fail.Error) {
	first := ""
	return func(p string) (string, *fail.Error) {
		top, rest, nested := strings.Cut(p, "/")
		switch {
		case first == "":
			first = top
		case top != first:
			return "", fail.New(fail.NoSuchFile, "%s: the server sends more than one file: give a folder that exists, or -d", p)
		}
		if nested {
			return name + "/" + rest, nil
		}
		return name, nil
	}
}
