package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"faspex.io/operator/dataplane/transfer"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// words reads the sources and the destination from the command line, in one of its two forms:
//
//	ascp ... --mode send|recv --host H [--user U] source... destination
//	ascp ... source... [user@]host:destination    or    ascp ... [user@]host:source... destination
func (d *draft) words(words []string) error {
	fromList := d.fileList != "" || d.pairList != ""
	if d.keepalive && d.mode != "" && len(words) == 0 {
		words = []string{""}
	}
	if len(words) == 0 || !fromList && len(words) < 2 && !d.keepalive {
		return errors.New("a source and a destination are needed")
	}
	sources, destination := words[:len(words)-1], words[len(words)-1]
	if d.dest64 {
		var err error
		if destination, err = decode64("the destination", destination); err != nil {
			return err
		}
	}
	if fromList {
		if len(sources) > 0 {
			return fmt.Errorf("sources come from the list or from the command line, not from both: %q", sources[0])
		}
		if err := d.lists(); err != nil {
			return err
		}
	}
	d.destination = destination
	switch d.mode {
	case "":
		return d.colonForm(sources, destination)
	case "send":
		d.direction = transferspec.Send
	case "recv", "receive":
		d.direction = transferspec.Receive
	default:
		return fmt.Errorf("--mode is send or recv, not %q", d.mode)
	}
	if d.host == "" {
		return errors.New("--mode needs --host")
	}
	for _, s := range sources {
		d.sources = append(d.sources, transferspec.Path{Source: s})
	}
	return nil
}

// colonForm reads "user@host:path" on one of the two sides.
func (r *request) colonForm(sources []string, destination string) error {
	if user, host, path, ok := remote(destination); ok {
		r.direction, r.destination = transferspec.Send, path
		r.setHost(user, host)
		for _, s := range sources {
			if _, other, _, ok := remote(s); ok {
				return fmt.Errorf("one side of a transfer is local: both have a host, %q and %q. If %q is a file of this "+
					"computer, write ./%s", other, host, s, s)
			}
			r.sources = append(r.sources, transferspec.Path{Source: s})
		}
		return nil
	}
	r.direction = transferspec.Receive
	for _, s := range sources {
		user, host, path, ok := remote(s)
		if !ok {
			return fmt.Errorf("which side is the server? Write user@host:path, or use --mode and --host (%q has no host)", s)
		}
		if r.host != "" && r.host != host {
			return errors.New("all sources are on one host")
		}
		r.setHost(user, host)
		r.sources = append(r.sources, transferspec.Path{Source: path})
	}
	if r.host == "" {
		return errors.New("which side is the server? Use --mode and --host")
	}
	return nil
}

func (r *request) setHost(user, host string) {
	r.host = host
	if user != "" {
		r.user = user
	}
}

// remote splits "user@host:path". IPv6 addresses are in brackets. A colon after a slash is part of a local name.
func remote(word string) (user, host, path string, ok bool) {
	rest := word
	before := rest // what is no path: a user may have an @ of its own, and so may a path
	if i := strings.IndexAny(rest, "/:["); i >= 0 {
		before = rest[:i]
	}
	if at := strings.LastIndex(before, "@"); at >= 0 {
		user, rest = rest[:at], rest[at+1:]
	}
	if strings.HasPrefix(rest, "[") {
		end := strings.Index(rest, "]:")
		if end < 0 {
			return "", "", "", false
		}
		return user, rest[1:end], rest[end+2:], true
	}
	colon := strings.Index(rest, ":")
	if colon <= 0 || strings.Contains(rest[:colon], "/") || strings.HasPrefix(rest[colon:], "://") {
		return "", "", "", false
	}
	return user, rest[:colon], rest[colon+1:], true
}

// sessionOf reads which share of a transfer to move: "i:n".
func sessionOf(text string) (session, sessions int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	i, n, ok := strings.Cut(text, ":")
	session, err = strconv.Atoi(i)
	if ok && err == nil {
		sessions, err = strconv.Atoi(n)
	}
	if !ok || err != nil || session < 1 || session > sessions {
		return 0, 0, fail.New(fail.Usage, "-C %s: give the number of the session and how many there are, as in 1:2", text)
	}
	return session, sessions, nil
}

func isEmpty(p transferspec.Path) bool { return p.Source == "" }

// complete checks that the request can be run, and fills in what follows from the rest.
func (r *request) complete() error {
	fill(&r.sshPort, defaultSSHPort)
	switch {
	case r.host == "":
		return errors.New("no server is named")
	case !r.direction.Valid():
		return errors.New("neither send nor receive was asked for")
	case r.sshPort <= 0 || r.sshPort > 65535 || r.udpPort < 0 || r.udpPort > 65535:
		return errors.New("a port is between 1 and 65535")
	case r.direction == transferspec.Send && slices.ContainsFunc(r.sources, isEmpty):
		return errors.New("a source has an empty name: . is the current folder")
	case len(r.sources) == 0 && !r.keepalive:
		return fail.New(fail.Nothing, "nothing to transfer: no source is named")
	}
	if bare, ok := strings.CutPrefix(r.host, "["); ok { // An address of IPv6 as it is written before a port.
		r.host = strings.TrimSuffix(bare, "]")
	}
	if strings.Count(r.host, ":") == 1 {
		return fmt.Errorf("host %q: a port is not part of it, -P names that", r.host)
	}
	if r.user == "" {
		r.user = "xfer"
	}
	if r.maskNames && r.maskKey == "" {
		r.maskKey = rand.Text() // the same for each try of this program
	}
	if err := r.completeFileCrypt(); err != nil {
		return err
	}
	for _, check := range []func() error{r.completeAfterwards, r.completeMirror, r.list.complete, r.completeStreams,
		r.completeKeepalive} {
		if err := check(); err != nil {
			return err
		}
	}
	o, err := transfer.Normalize(r.options)
	if err != nil {
		return err
	}
	// What was left open stays open: the server has its own defaults.
	o.Cipher, o.RatePolicy, o.TargetKbps = r.options.Cipher, r.options.RatePolicy, r.options.TargetKbps
	r.options = o
	r.dropDoubled()
	return nil
}
