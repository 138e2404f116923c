package core

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"

	"github.com/google/uuid"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

func (s *Server) registerPackages() {
	const what = "package"
	register(s, operation{method: http.MethodPost, path: v5 + "/packages",
		id: "create-package", what: what, access: anyone, status: http.StatusCreated,
		summary: "Start a package; its content is sent with a transfer spec"}, s.createPackage)
	register(s, operation{method: http.MethodGet, path: v5 + "/packages/{id}",
		id: "get-package", what: what, access: anyone, summary: "Read a package"},
		func(ctx context.Context, in *IDPath) (*body[api.Package], error) { return s.packageAnswer(ctx, in.ID) })
	register(s, operation{method: http.MethodDelete, path: v5 + "/packages/{id}",
		id: "delete-package", what: what, access: anyone,
		summary: "Delete a package that the caller sent, or take a received one off the caller's list"},
		func(ctx context.Context, in *IDPath) (*empty, error) { return nil, s.deletePackage(ctx, in.ID) })
	register(s, operation{method: http.MethodDelete, path: v5 + "/packages",
		id: "delete-packages", what: what, access: anyone, status: http.StatusNoContent,
		summary: "Delete several packages"},
		func(ctx context.Context, in *struct {
			IDs  string `query:"ids"`
			Body *api.IDs
		}) (*empty, error) {
			all, err := ids(in.IDs, in.Body)
			if err != nil {
				return nil, err
			}
			// The published answer knows success or failure alone, so nothing is deleted unless all can be.
			for _, id := range all {
				if _, err := s.deletable(ctx, id); err != nil {
					return nil, err
				}
			}
			for _, id := range all {
				if err := s.deletePackage(ctx, id); err != nil {
					return nil, err
				}
			}
			return nil, nil
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/packages/{id}/upload_details",
		id: "upload-details", what: what, access: anyone,
		summary: "Tell how far the upload of a package is"},
		func(ctx context.Context, in *IDPath) (*body[api.UploadDetails], error) {
			v, err := s.view(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			return answerWith(uploadDetails(*v.pkg, s.now())), nil
		})
}

// view is a package as the caller may see it.
type view struct {
	pkg        *store.Package
	deliveries []store.Delivery
	downloads  []store.Downloads
	// manages: the caller sent it, or is an admin. They see who received and downloaded it.
	manages bool
	actor   policy.Actor
	thing   policy.Package // the package as the rules see it
	box     string
}

// can answers nil, or what the caller is told who may not do something with the package.
func (v view) can(action policy.Action) error { return policy.Can(v.actor, action, v.thing) }

// view reads a package for the caller; for strangers it does not exist.
func (s *Server) view(ctx context.Context, id string) (view, error) {
	n, err := number(id, "package")
	if err != nil {
		return view{}, err
	}
	return s.viewFor(ctx, caller(ctx), n)
}

func (s *Server) viewFor(ctx context.Context, me store.Account, id int64) (view, error) {
	p, err := s.store.Package(ctx, id)
	if err != nil {
		return view{}, err
	}
	views, err := s.views(ctx, me, []store.Package{p})
	if err != nil {
		return view{}, err
	}
	v := views[0]
	if !policy.Sees(v.actor, v.thing) {
		return view{}, notFound("package")
	}
	return v, nil
}

// views gathers what belongs to packages in two queries at most, whatever their number.
func (s *Server) views(ctx context.Context, me store.Account, list []store.Package) ([]view, error) {
	keys, counted := make([]int64, len(list)), []int64{}
	for i := range list {
		p := &list[i]
		keys[i] = p.ID
		// Downloads are shown to those who manage a package. Others need to know theirs where there is a limit.
		if p.Sender.ID == me.ID || policy.May(actor(me), policy.ReadAllPackages) || p.DownloadLimit.Valid {
			counted = append(counted, p.ID)
		}
	}
	deliveries, err := s.store.Deliveries(ctx, keys...)
	if err != nil {
		return nil, err
	}
	downloads, err := s.store.Downloads(ctx, counted...)
	if err != nil {
		return nil, err
	}
	out := make([]view, len(list))
	for i := range list {
		p := &list[i]
		out[i] = viewOf(me, p, deliveries[p.ID], downloads[p.ID])
	}
	return out, nil
}

func viewOf(me store.Account, p *store.Package, deliveries []store.Delivery, downloads []store.Downloads) view {
	v := view{pkg: p, deliveries: deliveries, downloads: downloads, actor: actor(me)}
	v.thing = policy.Package{
		State: p.State, UploadStatus: p.UploadStatus, Sent: p.Sender.ID == me.ID, SentArchived: p.SenderArchived,
		WaitsForRelease: p.ReleasePolicy != "now", DownloadLimit: p.DownloadLimit.Int64, PreventHTTP: p.PreventHTTPDownload,
	}
	v.manages = v.thing.Sent || policy.May(v.actor, policy.ReadAllPackages)
	for i := range deliveries {
		if d := &deliveries[i]; d.Recipient.ID == me.ID && !d.Deleted {
			v.thing.Received, v.thing.ReceivedArchived = true, d.Archived
		}
	}
	for _, d := range downloads {
		if d.Account.ID == me.ID {
			v.thing.Downloads = int64(d.Counted)
		}
	}
	return v
}

func (s *Server) createPackage(ctx context.Context, in *struct{ Body api.PackageCreate }) (*body[api.Package], error) {
	me, c := caller(ctx), in.Body
	if !policy.May(actor(me), policy.SendPackages) {
		return nil, forbidden("Your account may not send packages.")
	}
	if err := mayFromHere(ctx, toUpload); err != nil {
		return nil, err
	}
	inbox, err := s.store.DefaultInbox(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return nil, conflict("No storage location is the default inbox yet. An admin has to choose one.")
	}
	if err != nil {
		return nil, err
	}
	to, err := s.recipients(ctx, c)
	if err != nil {
		return nil, err
	}
	rules, err := s.auth.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	id := uuid.NewString()
	p := store.Package{
		UUID: id, Title: strings.TrimSpace(c.Title), Note: c.Note, Sender: me, SharedFolderID: inbox.ID,
		Directory:     path.Join(inbox.Directory, id),
		ReleasePolicy: orDefault(c.ReleasePolicy, "now"), ExpirationPolicy: orDefault(c.ExpirationPolicy,
			usualExpiration(rules)),
		PreventHTTPDownload: c.PreventHTTPDownload, EncryptAtRest: c.EARenabled, ObfuscateNames: c.ObfuscationEnabled,
	}
	if p.Title == "" {
		return nil, badField("title must not be blank.", "title")
	}
	if c.DownloadLimit != nil {
		p.DownloadLimit = sql.NullInt64{Int64: int64(*c.DownloadLimit), Valid: true}
	}
	if p.ReleaseDate, err = date(c.ReleaseDate, "release_date"); err != nil {
		return nil, err
	}
	if p.ExpirationDate, err = date(c.ExpirationDate, "expiration_date"); err != nil {
		return nil, err
	}
	if err := checkPolicies(p); err != nil {
		return nil, err
	}
	for _, f := range []struct {
		into *json.RawMessage
		from any
	}{{&p.Metadata, c.Metadata}, {&p.NotifiedOnUpload, c.NotifiedOnUpload}, {&p.NotifiedOnDownload, c.NotifiedOnDownload},
		{&p.NotifiedOnReceipt, c.NotifiedOnReceipt}} {
		if *f.into, err = json.Marshal(f.from); err != nil {
			return nil, err
		}
		if string(*f.into) == "null" {
			*f.into = nil
		}
	}
	key, err := s.store.CreatePackage(ctx, p, to)
	if err != nil {
		return nil, err
	}
	return s.packageAnswer(ctx, text(key))
}

// recipients finds the accounts that a package is for, each once. Who is named both ways is a public recipient.
func (s *Server) recipients(ctx context.Context, c api.PackageCreate) ([]store.NewDelivery, error) {
	permissions, err := s.permissions(ctx, caller(ctx))
	if err != nil {
		return nil, err
	}
	reach := permissions.Reaches()
	if reach.Nobody {
		p := newProblem(http.StatusForbidden, "You may send to shared inboxes only.")
		p.Code = "normal_packages_not_allowed"
		return nil, p
	}
	var to []store.NewDelivery
	var unknown []api.FieldError
	seen := map[int64]bool{}
	for _, group := range []struct {
		names   []api.RecipientName
		field   string
		private bool
	}{{c.Recipients, "recipients", false}, {c.PrivateRecipients, "private_recipients", true}} {
		for i, r := range group.names {
			field := fmt.Sprintf("%s[%d].name", group.field, i)
			switch r.RecipientType {
			case "", "user", "external_user":
			default:
				return nil, badField(fmt.Sprintf("Packages to a %s are not possible here.", r.RecipientType), field)
			}
			a, err := s.addressee(ctx, reach, r.Name)
			if errors.Is(err, store.ErrNotFound) {
				// Who is not within reach is told like who does not exist: nobody learns who has an account.
				unknown = append(unknown, api.FieldError{
					Location: "body." + field, Message: fmt.Sprintf("Nobody here is named %q.", r.Name),
				})
				continue
			}
			if err != nil {
				return nil, err
			}
			if !seen[a.ID] {
				seen[a.ID] = true
				to = append(to, store.NewDelivery{AccountID: a.ID, Private: group.private})
			}
		}
	}
	if len(unknown) > 0 {
		return nil, nobody(unknown)
	}
	return to, nil
}

// nobody tells of each recipient that is not known, so that a sender of many corrects them at once.
func nobody(unknown []api.FieldError) error {
	p := newProblem(http.StatusBadRequest, unknown[0].Message)
	if more := len(unknown) - 1; more > 0 {
		p.Message = fmt.Sprintf("%s %d more names are not known.", p.Message, more)
	}
	p.Errors = unknown
	return p
}

// deletePackage starts the deletion for everyone, for the sender and for admins; a job removes the content. Others who
// received it take it off their own lists, and it stays whole for everyone else.
func (s *Server) deletePackage(ctx context.Context, id string) error {
	v, err := s.deletable(ctx, id)
	if err != nil {
		return err
	}
	if !v.manages {
		return s.store.HideDelivery(ctx, v.pkg.ID, caller(ctx).ID, s.now())
	}
	to, possible := packages.Deleting(v.pkg.State)
	if !possible {
		return nil // a repeated deletion is done already
	}
	moved, err := s.store.Move(ctx, v.pkg.ID, v.pkg.State, to)
	if err == nil && !moved {
		return conflict("The package is being processed. Try again when that is done.")
	}
	return err
}

// deletable reads a package that the caller may delete or take off the own list, or has deleted already.
func (s *Server) deletable(ctx context.Context, id string) (view, error) {
	v, err := s.view(ctx, id)
	if err != nil || !v.manages || policy.Gone(v.thing) {
		return v, err
	}
	return v, v.can(policy.DeleteForAll)
}

// usualExpiration is the policy of packages whose sender chose none.
func usualExpiration(c settings.Configuration) string {
	if c.DeletePackagesAfterDownload {
		switch c.DeletePackagesAfterDownloadCondition {
		case "any_member":
			return "delete_after_any_download"
		case "all_members":
			return "delete_after_all_download"
		}
	}
	return "none"
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
