package service

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// postPackage makes of an event of a package one job for each person who is told of it. A person is told once of an
// event, however often named: by the first of the lists that the person is on (faspex-Y19). The jobs carry the event's
// reference, so that a run that was cut short makes none twice.
func (w *Worker) postPackage(ctx context.Context, job store.Job) error {
	var e store.PackageEvent
	if err := json.Unmarshal([]byte(job.Args), &e); err != nil {
		return fmt.Errorf("%w: job has no event", mail.ErrRefused)
	}
	p, err := w.store.Package(ctx, e.PackageID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	l := &letters{worker: w, event: e, pkg: p, seen: map[string]bool{}}
	switch e.Event {
	case store.PackageReleased:
		err = l.released(ctx)
	case store.PackageUploaded:
		err = l.uploaded(ctx)
	case store.PackageDownloaded:
		err = l.downloaded(ctx)
	}
	if err != nil {
		return err
	}
	for _, order := range l.orders {
		args, err := json.Marshal(order)
		if err != nil {
			return err
		}
		j := store.Job{Method: store.MethodSendMail, Name: "Send " + order.Type, Type: "email", Args: string(args),
			Reference: job.Reference + "/" + order.Recipient(), MaxAttempts: mailAttempts}
		if err := w.store.CreateOnce(ctx, j, w.now()); err != nil {
			return err
		}
	}
	return nil
}

// letters gathers the mails of one event.
type letters struct {
	worker *Worker
	event  store.PackageEvent
	pkg    store.Package
	seen   map[string]bool // e-mail addresses that get a mail
	orders []mail.Order
}

// to adds a mail to a person, unless there is one already. Addresses without an account are told, too.
func (l *letters) to(a store.Account, of string, change func(*mail.Order)) {
	address := strings.ToLower(a.Email)
	if address == "" || l.seen[address] {
		return
	}
	l.seen[address] = true
	o := mail.Order{Type: of, Account: a.ID, Base: l.pkg.BaseURL, Package: l.pkg.ID, Downloader: l.event.AccountID,
		Result: l.event.Result}
	if a.ID == 0 {
		o.To = &mail.Person{Email: a.Email}
	}
	if change != nil {
		change(&o)
	}
	l.orders = append(l.orders, o)
}

// each adds a mail to everybody of a list that the sender wrote.
func (l *letters) each(ctx context.Context, list json.RawMessage, of string) error {
	people, err := l.worker.notified(ctx, list)
	for _, a := range people {
		l.to(a, of, nil)
	}
	return err
}

func (l *letters) released(ctx context.Context) error {
	w := l.worker
	deliveries, err := w.store.Deliveries(ctx, l.pkg.ID)
	if err != nil {
		return err
	}
	for _, d := range deliveries[l.pkg.ID] {
		if !d.Direct {
			continue
		}
		told, err := w.notifications(ctx, d.Recipient.ID)
		if err != nil {
			return err
		}
		if told.NotifyOnPkgReceive {
			l.to(d.Recipient, mail.PackageReceived, nil)
		}
	}
	groups, err := w.store.PackageGroups(ctx, l.pkg.ID)
	if err != nil {
		return err
	}
	for _, g := range groups[l.pkg.ID] {
		if err := l.toMembers(ctx, g.Group); err != nil {
			return err
		}
	}
	return l.each(ctx, l.pkg.NotifiedOnReceipt, "package_received_cc")
}

const membersAtOnce = 1000

func (l *letters) toMembers(ctx context.Context, g store.Group) error {
	for offset := 0; ; offset += membersAtOnce {
		found, _, err := l.worker.store.Members(ctx, g.ID, store.MemberFilter{}, store.Page{Offset: offset,
			Limit: membersAtOnce})
		if err != nil {
			return err
		}
		for _, m := range found {
			if m.Access == "submit_only" {
				continue
			}
			told, err := l.worker.notifications(ctx, m.Account.ID)
			if err != nil {
				return err
			}
			if told.NotifyOnWorkgroupSentPackages {
				l.to(m.Account, "workgroup_package", func(o *mail.Order) { o.Group = g.ID })
			}
		}
		if len(found) < membersAtOnce {
			return nil
		}
	}
}

func (l *letters) uploaded(ctx context.Context) error {
	if err := l.toSender(ctx); err != nil {
		return err
	}
	if err := l.each(ctx, l.pkg.NotifiedOnUpload, "upload_result_cc"); err != nil || l.event.Result != "completed" {
		return err
	}
	standing, err := l.worker.notifications(ctx, l.pkg.Sender.ID)
	if err != nil {
		return err
	}
	if err := l.each(ctx, standing.UploadNotificationUsers, "upload_result_cc"); err != nil {
		return err
	}
	return l.each(ctx, l.pkg.NotifiedOnReceipt, "package_sent_cc")
}

// toSender tells the sender how the upload ended. Somebody without a login is told of a package that arrived, with a link
// to what becomes of it (faspex-M14).
func (l *letters) toSender(ctx context.Context) error {
	if !outside(l.pkg.Sender) {
		l.to(l.pkg.Sender, "upload_result", nil)
		return nil
	}
	groups, err := l.worker.store.PackageGroups(ctx, l.pkg.ID)
	if err == nil && l.event.Result == "completed" {
		l.to(l.pkg.Sender, submitType(inboxName(groups[l.pkg.ID]) != ""), nil)
	}
	return err
}

func (l *letters) downloaded(ctx context.Context) error {
	told, err := l.worker.notifications(ctx, l.pkg.Sender.ID)
	if err != nil {
		return err
	}
	if told.NotifyOnPkgDownload {
		l.to(l.pkg.Sender, "package_downloaded", nil)
	}
	for _, list := range []json.RawMessage{l.pkg.NotifiedOnDownload, l.pkg.NotifiedOnReceipt,
		told.DownloadNotificationUsers} {
		if err := l.each(ctx, list, "package_downloaded_cc"); err != nil {
			return err
		}
	}
	return nil
}

// notifications are what an account wants to be told of.
func (w *Worker) notifications(ctx context.Context, account int64) (settings.Notifications, error) {
	a, err := w.store.Account(ctx, account)
	if errors.Is(err, store.ErrNotFound) { // deleted: it is told nothing
		return settings.Notifications{}, nil
	}
	if err != nil {
		return settings.Notifications{}, err
	}
	return settings.ReadNotifications(a.Preferences)
}

// notified finds the people of a list.
func (w *Worker) notified(ctx context.Context, list json.RawMessage) ([]store.Account, error) {
	var named []struct {
		Name string `json:"name"`
	}
	if len(list) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(list, &named); err != nil {
		return nil, fmt.Errorf("read who is told: %w", err)
	}
	var out []store.Account
	for _, n := range named {
		a, err := w.store.AccountByLogin(ctx, n.Name)
		if errors.Is(err, store.ErrNotFound) {
			if !settings.IsEmail(n.Name) {
				continue // was deleted meanwhile
			}
			a, err = store.Account{Name: n.Name, Email: n.Name, Type: store.TypeExternal}, nil
		}
		if err != nil {
			return nil, err
		}
		out = append(out, a)
	}
	return out, nil
}
