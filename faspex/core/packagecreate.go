package core

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/google/uuid"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

func (s *Server) createPackage(ctx context.Context, in *struct{ Body api.PackageCreate }) (*body[api.Package], error) {
	if err := policy.CanCreate(actor(caller(ctx))); err != nil {
		return nil, err
	}
	if err := mayFromHere(ctx, uploadAddresses); err != nil {
		return nil, err
	}
	if err := s.mayStillSend(ctx); err != nil {
		return nil, err
	}
	p, to, err := s.draft(ctx, in.Body, false)
	if err != nil {
		return nil, err
	}
	inbox, err := s.inboxFor(ctx, to)
	if err != nil {
		return nil, err
	}
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	encrypt, err := encryptsAtRest(rules, to, in.Body.EARenabled)
	if err != nil {
		return nil, err
	}
	masked, err := masksNames(rules, in.Body.ObfuscationEnabled)
	if err != nil {
		return nil, err
	}
	p.Content = store.Content{
		SharedFolderID: inbox.ID, EncryptAtRest: encrypt, ObfuscateNames: masked,
		Directory: path.Join(inbox.Directory, packages.Folder(p.Title, p.UUID, rules.MaxTitleLengthInStoragePaths)),
	}
	key, err := s.store.CreatePackage(ctx, p, to.to)
	if errors.Is(err, store.ErrLoginTaken) {
		err = conflict("A recipient has got an account at this moment. Try again.")
	}
	if err != nil {
		return nil, err
	}
	return s.packageAnswer(ctx, text(key))
}

// encryptsAtRest reports whether the content of a package is encrypted by a password of its sender: as the server says, or
// its shared inbox where it may, and where both leave it open as the sender chose.
func encryptsAtRest(rules settings.Configuration, to *addressees, chosen bool) (bool, error) {
	rule := rules.RequireEncryptionAtRest
	if to.inbox && rules.SharedInboxCanOverrideEAR {
		o, err := settings.ReadSharedInbox(to.groups[0].Options)
		if err != nil {
			return false, err
		}
		if o.RequireEncryptionAtRest != "server" {
			rule = o.RequireEncryptionAtRest
		}
	}
	if rule == "false" && chosen {
		return false, badField("Packages are not protected by a password here.", "ear_enabled")
	}
	return rule == "true" || chosen, nil
}

// masksNames reports whether the files of a package get other names: as the server says, or where it leaves that open as
// the sender chose.
func masksNames(rules settings.Configuration, chosen bool) (bool, error) {
	if rules.RequireObfuscation == "false" && chosen {
		return false, badField("The names of files are not masked here.", "obfuscation_enabled")
	}
	return rules.RequireObfuscation == "true" || chosen, nil
}

// forwardPackage sends the content of a package to others, without uploading it again.
func (s *Server) forwardPackage(ctx context.Context, in *struct {
	IDPath
	Body api.PackageCreate
}) (*body[api.Package], error) {
	v, err := s.view(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	if err := v.can(policy.Forward); err != nil {
		return nil, err
	}
	p, to, err := s.draft(ctx, in.Body, true)
	if err != nil {
		return nil, err
	}
	from := v.pkg
	p.Content, p.ForwardedFrom = from.Content, sql.NullInt64{Int64: from.ID, Valid: true}
	p.UploadStatus, p.TotalBytes, p.TotalFiles = packages.UploadCompleted, from.TotalBytes, from.TotalFiles
	p.UploadCompletedAt = sql.NullTime{Time: s.now(), Valid: true}
	p.PreventHTTPDownload = p.PreventHTTPDownload || from.PreventHTTPDownload
	p.Note = withMetadata(p.Note, from.Metadata)
	key, err := s.store.CreatePackage(ctx, p, to.to)
	if errors.Is(err, store.ErrNoContent) {
		return nil, conflict("The content of this package is not available any more.")
	}
	if err != nil {
		return nil, err
	}
	return s.packageAnswer(ctx, text(key))
}

// withMetadata adds what the sender of a package filled in to a note, as text: a later change of the fields does not
// alter it.
func withMetadata(note string, metadata json.RawMessage) string {
	var all map[string]any
	if json.Unmarshal(metadata, &all) != nil || len(all) == 0 { // written by this program
		return note
	}
	lines := make([]string, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		lines = append(lines, fmt.Sprintf("%s: %v", name, all[name]))
	}
	whole := []rune(strings.TrimSpace(note + "\n\n" + strings.Join(lines, "\n")))
	return string(whole[:min(len(whole), maxNote)])
}

const (
	// maxMetadata is how many bytes the metadata of a package may have, as JSON: nodes take files of it up to a MiB.
	maxMetadata = 128 << 10
	// maxNote is how many characters a note has at most.
	maxNote = 16_000
)

// draft makes of a request a package without its content, and its recipients.
func (s *Server) draft(ctx context.Context, c api.PackageCreate,
	forwards bool) (p store.Package, to *addressees, err error) {
	if g := guestOf(ctx); g != nil {
		if err := policy.CanSendByInvitation(g.rule); err != nil {
			return p, nil, err
		}
		c, to = ofGuest(c), s.guestAddressees(g)
		p.InvitationID = g.invitation.ID
	} else if to, err = s.recipients(ctx, c); err != nil {
		return p, nil, err
	}
	invitation := p.InvitationID
	p = store.Package{
		UUID: uuid.NewString(), Title: strings.TrimSpace(c.Title), Note: c.Note, Sender: caller(ctx),
		ReleasePolicy: orDefault(c.ReleasePolicy, "now"), PreventHTTPDownload: c.PreventHTTPDownload,
		BaseURL: s.linkBase(ctx), InvitationID: invitation,
	}
	if p.Title == "" {
		return p, nil, badField("title must not be blank.", "title")
	}
	if c.DownloadLimit != nil {
		p.DownloadLimit = sql.NullInt64{Int64: int64(*c.DownloadLimit), Valid: true}
	}
	if p.ReleaseDate, err = date(c.ReleaseDate, "release_date"); err != nil {
		return p, nil, err
	}
	if p.ExpirationDate, err = date(c.ExpirationDate, "expiration_date"); err != nil {
		return p, nil, err
	}
	if p.ExpirationPolicy, err = s.expirationOf(ctx, c.ExpirationPolicy, to); err != nil {
		return p, nil, err
	}
	if err := checkPolicies(p); err != nil {
		return p, nil, err
	}
	if p.NewContacts, err = s.checkNotified(ctx, to.reach, c); err != nil {
		return p, nil, err
	}
	c.NotifiedOnReceipt = receipts(optionsOf(caller(ctx)), c.NotifiedOnReceipt)
	if err := s.checkMetadata(ctx, c, to, forwards); err != nil {
		return p, nil, err
	}
	for _, f := range []struct {
		into *json.RawMessage
		from any
	}{{&p.Metadata, c.Metadata}, {&p.NotifiedOnUpload, c.NotifiedOnUpload}, {&p.NotifiedOnDownload, c.NotifiedOnDownload},
		{&p.NotifiedOnReceipt, c.NotifiedOnReceipt}} {
		if *f.into, err = json.Marshal(f.from); err != nil {
			return p, nil, err
		}
		if string(*f.into) == "null" {
			*f.into = nil
		}
	}
	if len(p.Metadata) > maxMetadata {
		return p, nil, badField(fmt.Sprintf("The metadata of a package has %d bytes at most.", maxMetadata), "metadata")
	}
	return p, to, nil
}

// ofGuest leaves of a request what one who follows a link may decide: neither whom it goes to, nor who is told of it, nor
// when.
func ofGuest(c api.PackageCreate) api.PackageCreate {
	return api.PackageCreate{Title: c.Title, Note: c.Note, Metadata: c.Metadata, EARenabled: c.EARenabled,
		ObfuscationEnabled: c.ObfuscationEnabled}
}

// inboxFor is where the content of a new package goes: to the custom inbox of the one group that it is for, else to the
// default inbox.
func (s *Server) inboxFor(ctx context.Context, to *addressees) (store.SharedFolder, error) {
	if len(to.to) == 1 && len(to.groups) == 1 {
		o, err := settings.ReadWorkgroup(to.groups[0].Options)
		if err != nil {
			return store.SharedFolder{}, err
		}
		if o.InboxType == "custom" {
			id, err := number(o.InboxDestinationShareID, "storage location")
			if err != nil {
				return store.SharedFolder{}, err
			}
			return s.store.SharedFolder(ctx, id)
		}
	}
	inbox, err := s.store.DefaultInbox(ctx)
	if errors.Is(err, store.ErrNotFound) {
		err = conflict("No storage location is the default inbox yet. An admin has to choose one.")
	}
	return inbox, err
}

// checkNotified refuses names of people who cannot be told of a package: groups, and who is not within reach. It gives
// the addresses outside, which become contacts of the sender with the package.
func (s *Server) checkNotified(ctx context.Context, reach policy.Reach, c api.PackageCreate) (outside []string, err error) {
	var names, fields []string
	for _, list := range []struct {
		field string
		names []api.RecipientName
	}{{"notified_on_upload", c.NotifiedOnUpload}, {"notified_on_download", c.NotifiedOnDownload},
		{"notified_on_receipt", c.NotifiedOnReceipt}} {
		for i, n := range list.names {
			field := fmt.Sprintf("%s[%d].name", list.field, i)
			if n.RecipientType == store.Workgroup || n.RecipientType == store.SharedInbox {
				return nil, badField("Workgroups and shared inboxes are not told of packages. Name people.", field)
			}
			names, fields = append(names, n.Name), append(fields, field)
		}
	}
	found, err := s.addressees(ctx, reach, names)
	if err != nil {
		return nil, err
	}
	var unknown []api.FieldError
	for i, who := range found {
		if who == (store.NewDelivery{}) {
			unknown = append(unknown, api.FieldError{Location: "body." + fields[i],
				Message: fmt.Sprintf("Nobody here is named %q.", names[i])})
		}
		if who.Address != "" {
			outside = append(outside, who.Address)
		}
	}
	if len(unknown) > 0 {
		return nil, nobody(unknown)
	}
	return outside, nil
}

// receipts are those who are told when recipients receive a package: the receipt addresses of the sender's account. What
// a sender enters replaces them with the right to edit them, and is added to them without (faspex-N11).
func receipts(o settings.AccountOptions, entered []api.RecipientName) []api.RecipientName {
	if o.AllowReceiptCCEdit && entered != nil {
		return entered
	}
	out, known := []api.RecipientName{}, map[string]bool{}
	add := func(n api.RecipientName) {
		if key := strings.ToLower(strings.TrimSpace(n.Name)); key != "" && !known[key] {
			known[key] = true
			out = append(out, n)
		}
	}
	for _, name := range o.ReceiptAddresses() {
		add(api.RecipientName{Name: name})
	}
	for _, n := range entered {
		add(n)
	}
	return out
}

// expirationOf is the policy of a new package: of the shared inbox that it is for, else the sender's choice, else the
// account's policy, else the server's.
func (s *Server) expirationOf(ctx context.Context, chosen string, to *addressees) (string, error) {
	if to.inbox {
		o, err := settings.ReadSharedInbox(to.groups[0].Options)
		if err != nil {
			return "", err
		}
		if o.CustomPackageExpirationPolicy {
			return afterDownload[o.DeletePackageAfterDownloadPolicy], nil
		}
	}
	permissions, err := s.permissions(ctx, caller(ctx))
	if err != nil {
		return "", err
	}
	if chosen != "" && permissions.ChoosesPolicy(chosen) {
		return chosen, nil
	}
	if o := optionsOf(caller(ctx)); o.OverrideServerDeleteAfterDownload != nil && *o.OverrideServerDeleteAfterDownload {
		return afterDownload[o.DeletePackagesAfterDownloadCondition], nil
	}
	rules, err := s.auth.Configuration(ctx)
	if err != nil || !rules.DeletePackagesAfterDownload {
		return "none", err
	}
	return afterDownload[rules.DeletePackagesAfterDownloadCondition], nil
}

// afterDownload are the policies of packages by the words of the settings.
var afterDownload = map[string]string{
	"nothing": "none", "any_member": "delete_after_any_download", "all_members": "delete_after_all_download",
}

func orDefault(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// date reads a time of a request; at is its field.
func date(s *string, at string) (sql.NullTime, error) {
	if s == nil || *s == "" {
		return sql.NullTime{}, nil
	}
	t, err := parseTime(*s)
	var p *problem
	if errors.As(err, &p) {
		err = atFields(p, at)
	}
	return sql.NullTime{Time: t, Valid: err == nil}, err
}
