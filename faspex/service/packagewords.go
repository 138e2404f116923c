package service

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// packagePage is where the page shows a package.
const packagePage = "/aspera/faspex/packages/"

// listedFiles is how many names of files a mail tells.
const listedFiles = 10

// ofPackage adds what mails about packages tell, and gives the sender. Who was sent a package privately is told to nobody
// (faspex-N5).
func (w wording) ofPackage(ctx context.Context) (store.Account, error) {
	worker, order := w.worker, w.order
	p, err := worker.store.Package(ctx, order.Package)
	if err != nil {
		return store.Account{}, err
	}
	side := "received"
	if w.to.ID == p.Sender.ID && strings.HasPrefix(order.Type, "upload_result") {
		side = "sent"
	}
	url := order.Base + packagePage + side + "/" + text(p.ID)
	recipients, addresses, err := worker.publicRecipients(ctx, p)
	if err != nil {
		return p.Sender, err
	}
	told, err := worker.notified(ctx, p.NotifiedOnReceipt)
	if err != nil {
		return p.Sender, err
	}
	var cc, ccAddresses []string
	for _, a := range told {
		cc, ccAddresses = append(cc, fullName(a)), append(ccAddresses, a.Email)
	}
	maps.Copy(w.words, map[string]string{
		"CC_NAME": fullName(w.to), "CC_EMAIL": w.to.Email,
		"SENDER_NAME": fullName(p.Sender), "SENDER_FIRST_NAME": p.Sender.FirstName, "SENDER_LAST_NAME": p.Sender.LastName,
		"SENDER_EMAIL": p.Sender.Email, "SENDER_LOGIN": p.Sender.Name,
		"PACKAGE_NAME": p.Title, "PACKAGE_UUID": p.UUID, "PACKAGE_URL": url, "PACKAGE_LINK": url,
		"PACKAGE_DATE": w.time(p.CreatedAt), "PACKAGE_SIZE": sizeText(p.TotalBytes),
		"PACKAGE_FILES": text(p.TotalFiles), "PACKAGE_NOTE": p.Note,
		"PACKAGE_FILE_LIST_FIRST_10":  strings.Join(worker.firstFiles(ctx, p), "\n"),
		"ALL_PUBLIC_RECIPIENTS":       strings.Join(recipients, ", "),
		"ALL_PUBLIC_RECIPIENTS_EMAIL": strings.Join(addresses, ", "),
		"ALL_CC_RECIPIENTS":           strings.Join(cc, ", "), "ALL_CC_RECIPIENTS_EMAIL": strings.Join(ccAddresses, ", "),
		"RECIPIENT_NAME": strings.Join(recipients, ", "), "LINK_EXPIRATION_INFO": "",
		"UPLOAD_RESULT": order.Result, "STATUS_URL": url, "STATUS_LINK": url,
	})
	if outside(w.to) {
		if err := w.linksOf(ctx, p); err != nil {
			return p.Sender, err
		}
	}
	if order.Type == mail.PersonalSubmit {
		if err := w.ofReceiver(ctx, p); err != nil {
			return p.Sender, err
		}
	}
	if order.Downloader != 0 {
		if err := w.ofDownloader(ctx); err != nil {
			return p.Sender, err
		}
	}
	groups, err := worker.store.PackageGroups(ctx, p.ID)
	w.words["SHARED_INBOX_NAME"] = inboxName(groups[p.ID])
	for _, g := range groups[p.ID] {
		if g.ID == order.Group {
			w.words["WORKGROUP_NAME"] = g.Name
		}
	}
	return p.Sender, err
}

// ofReceiver names the user to whom somebody without a login sent a package.
func (w wording) ofReceiver(ctx context.Context, p store.Package) error {
	deliveries, err := w.worker.store.Deliveries(ctx, p.ID)
	for _, d := range deliveries[p.ID] {
		a := d.Recipient
		w.words["RECIPIENT_NAME"], w.words["RECIPIENT_FIRST_NAME"], w.words["RECIPIENT_LAST_NAME"] = fullName(a), a.FirstName, a.LastName
	}
	return err
}

func (w wording) ofDownloader(ctx context.Context) error {
	a, err := w.worker.store.Account(ctx, w.order.Downloader)
	if err != nil {
		return err
	}
	maps.Copy(w.words, map[string]string{"DOWNLOADER_NAME": fullName(a), "DOWNLOADER_FIRST_NAME": a.FirstName,
		"DOWNLOADER_LAST_NAME": a.LastName, "DOWNLOADER_EMAIL": a.Email, "DOWNLOADER_LOGIN": a.Name})
	return nil
}

func (w *Worker) publicRecipients(ctx context.Context, p store.Package) (names, addresses []string, err error) {
	deliveries, err := w.store.Deliveries(ctx, p.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, d := range deliveries[p.ID] {
		if d.Direct && !d.Private {
			names, addresses = append(names, fullName(d.Recipient)), append(addresses, d.Recipient.Email)
		}
	}
	groups, err := w.store.PackageGroups(ctx, p.ID)
	for _, g := range groups[p.ID] {
		if !g.Private {
			names = append(names, g.Name)
		}
	}
	return names, addresses, err
}

// firstFiles are the names of the first files and folders of a package, as its node has them. A mail is not kept back
// because they are not known.
func (w *Worker) firstFiles(ctx context.Context, p store.Package) []string {
	if p.UploadStatus != packages.UploadCompleted {
		return nil
	}
	reached := connections{worker: w, byFolder: map[int64]*connection{}}
	c, err := reached.open(ctx, p.SharedFolderID)
	var listing nodeapi.Listing
	if err == nil {
		listing, err = c.client.Browse(ctx, nodeapi.BrowseRequest{Path: p.Directory, Count: listedFiles})
	}
	if err != nil {
		w.log.WarnContext(ctx, "cannot list the files of a package for a mail", "package", p.ID, "error", err)
		return nil
	}
	var names []string
	for _, e := range listing.Items {
		names = append(names, e.Basename)
	}
	return names
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

// fullName is how people are called: never by their login when they have a name.
func fullName(a store.Account) string {
	if name := strings.TrimSpace(a.FirstName + " " + a.LastName); name != "" {
		return name
	}
	return a.Name
}

// sizeText is a number of bytes for people.
func sizeText(n int64) string {
	const unit = 1000
	if n < unit {
		return fmt.Sprintf("%d B", n)
	}
	value, suffix := float64(n), -1
	for value >= unit && suffix < 4 {
		value, suffix = value/unit, suffix+1
	}
	return fmt.Sprintf("%.1f %cB", value, "kMGTP"[suffix])
}
