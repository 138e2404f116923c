package service

import (
	"context"
	"strings"
	"time"

	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// outside reports whether a mail goes to somebody who has no login: addresses without any account have no type.
func outside(a store.Account) bool { return a.ID == 0 || a.Type == store.TypeExternal }

// linkWords are what the words of mails about packages stand for that go to people without a login: links that lead where
// the page does not let them.
func (w *Worker) linkWords(ctx context.Context, order mail.Order, p store.Package, to store.Account,
	words map[string]string) error {
	words["PACKAGE_URL"], words["PACKAGE_LINK"], words["STATUS_URL"], words["STATUS_LINK"] = "", "", "", ""
	switch order.Type {
	case mail.PackageReceived:
		url, err := link.Link{Kind: link.Download, Thing: p.UUID, Account: to.ID}.URL(order.Base, w.ring,
			link.Context{Resource: link.ToPackage, PackageID: text(p.ID)})
		if err != nil {
			return err
		}
		words["PACKAGE_URL"], words["PACKAGE_LINK"] = url, url
		words["LINK_EXPIRATION_INFO"], err = w.packageLinkEnd(ctx, p)
		return err
	case mail.PersonalSubmit, mail.InboxSubmit:
		url, err := link.Link{Kind: link.Status, Thing: p.UUID}.URL(order.Base, w.ring, link.Context{Resource: link.ToStatus})
		words["STATUS_URL"], words["STATUS_LINK"] = url, url
		return err
	}
	return nil
}

// packageLinkEnd is a sentence that says when the link to a package ends; empty when it does not.
func (w *Worker) packageLinkEnd(ctx context.Context, p store.Package) (string, error) {
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil {
		return "", err
	}
	var until time.Time
	if c.PackageLinkExpires && p.ReleasedAt.Valid {
		until = p.ReleasedAt.Time.AddDate(0, 0, c.PackageLinkValidDays)
	}
	return linkEndText(until, c.PackageLinkExpiresAfterFullDownload, "the whole package was downloaded"), nil
}

// linkEndText is a sentence that says when a link ends; empty for one that does not.
func linkEndText(until time.Time, once bool, happened string) string {
	switch day := until.UTC().Format("2006-01-02 15:04 MST"); {
	case once && !until.IsZero():
		return "The link is good until " + day + ", or until " + happened + "."
	case once:
		return "The link is good until " + happened + "."
	case !until.IsZero():
		return "The link is good until " + day + "."
	}
	return ""
}

// invitationWords are what the words of an invitation's mail stand for.
func (w *Worker) invitationWords(order mail.Order, i store.Invitation, owner store.Account, words map[string]string) error {
	url, err := i.URL(order.Base, w.ring)
	if err != nil {
		return err
	}
	var until time.Time
	if i.ExpiresAt.Valid {
		until = i.ExpiresAt.Time
	}
	for word, value := range map[string]string{
		"EMAIL": i.Email, "SENDER_NAME": i.OwnerFull, "SENDER_EMAIL": owner.Email, "RECIPIENT_NAME": i.OwnerFull,
		"RECIPIENT_FIRST_NAME": owner.FirstName, "RECIPIENT_LAST_NAME": owner.LastName,
		"SHARED_INBOX_NAME": i.GroupName, "SHARED_INBOX_URL": url, "SHARED_INBOX_LINK": url,
		"SUBMISSION_URL": url, "SUBMISSION_LINK": url, "INVITATION_LINK": url, "SUBMIT_LINK": url,
		"LINK_EXPIRATION_INFO": linkEndText(until, i.Once, "a package was sent with it"),
	} {
		words[word] = value
	}
	if i.OwnerID == 0 {
		words["SENDER_NAME"] = i.GroupName
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
