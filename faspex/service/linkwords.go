package service

import (
	"context"
	"maps"
	"strings"
	"time"

	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// outside reports whether a mail goes to somebody who has no login: addresses without any account have no type.
func outside(a store.Account) bool { return a.ID == 0 || a.Type == store.TypeExternal }

// linksOf puts into mails about packages that go to people without a login the links that lead where the page does not
// let them.
func (w wording) linksOf(ctx context.Context, p store.Package) error {
	w.words["PACKAGE_URL"], w.words["PACKAGE_LINK"], w.words["STATUS_URL"], w.words["STATUS_LINK"] = "", "", "", ""
	switch w.order.Type {
	case mail.PackageReceived:
		url, err := link.Link{Kind: link.Download, Thing: p.UUID, Account: w.to.ID}.URL(w.order.Base, w.worker.ring,
			link.Context{Resource: link.ToPackage, PackageID: text(p.ID)})
		if err != nil {
			return err
		}
		w.words["PACKAGE_URL"], w.words["PACKAGE_LINK"] = url, url
		w.words["LINK_EXPIRATION_INFO"], err = w.packageLinkEnd(ctx, p)
		return err
	case mail.PersonalSubmit, mail.InboxSubmit:
		url, err := link.Link{Kind: link.Status, Thing: p.UUID}.URL(w.order.Base, w.worker.ring, link.Context{Resource: link.ToStatus})
		w.words["STATUS_URL"], w.words["STATUS_LINK"] = url, url
		return err
	}
	return nil
}

// packageLinkEnd is a sentence that says when the link to a package ends; empty when it does not.
func (w wording) packageLinkEnd(ctx context.Context, p store.Package) (string, error) {
	c, err := settings.ReadConfiguration(ctx, w.worker.store)
	if err != nil {
		return "", err
	}
	var until time.Time
	if c.PackageLinkExpires && p.ReleasedAt.Valid {
		until = p.ReleasedAt.Time.AddDate(0, 0, c.PackageLinkValidDays)
	}
	return w.linkEnd(until, c.PackageLinkExpiresAfterFullDownload, "the whole package was downloaded"), nil
}

// linkEnd is a sentence that says when a link ends; empty for one that does not.
func (w wording) linkEnd(until time.Time, once bool, happened string) string {
	switch day := w.time(until); {
	case once && !until.IsZero():
		return "The link is good until " + day + ", or until " + happened + "."
	case once:
		return "The link is good until " + happened + "."
	case !until.IsZero():
		return "The link is good until " + day + "."
	}
	return ""
}

// ofInvitation adds what the mail of an invitation tells.
func (w wording) ofInvitation(ctx context.Context) error {
	i, err := w.worker.store.Invitation(ctx, w.order.Invitation)
	if err != nil {
		return err
	}
	var owner store.Account
	if i.OwnerID != 0 {
		if owner, err = w.worker.store.Account(ctx, i.OwnerID); err != nil {
			return err
		}
	}
	url, err := i.URL(w.order.Base, w.worker.ring)
	if err != nil {
		return err
	}
	var until time.Time
	if i.ExpiresAt.Valid {
		until = i.ExpiresAt.Time
	}
	maps.Copy(w.words, map[string]string{
		"EMAIL": i.Email, "SENDER_NAME": i.OwnerFull, "SENDER_EMAIL": owner.Email, "RECIPIENT_NAME": i.OwnerFull,
		"RECIPIENT_FIRST_NAME": owner.FirstName, "RECIPIENT_LAST_NAME": owner.LastName,
		"SHARED_INBOX_NAME": i.GroupName, "SHARED_INBOX_URL": url, "SHARED_INBOX_LINK": url,
		"SUBMISSION_URL": url, "SUBMISSION_LINK": url, "INVITATION_LINK": url, "SUBMIT_LINK": url,
		"LINK_EXPIRATION_INFO": w.linkEnd(until, i.Once, "a package was sent with it"),
	})
	if i.OwnerID == 0 {
		w.words["SENDER_NAME"] = i.GroupName
	}
	return nil
}

// submitType is the mail to somebody without a login who sent a package.
func submitType(inbox bool) string {
	if inbox {
		return mail.InboxSubmit
	}
	return mail.PersonalSubmit
}

// inboxName is the name of the shared inbox among the recipients of a package; empty without one.
func inboxName(groups []store.PackageGroup) string {
	for _, g := range groups {
		if g.Kind == store.SharedInbox {
			return strings.TrimSpace(g.Name)
		}
	}
	return ""
}
