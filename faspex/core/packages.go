package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

// Purposes of links that lead to calls about packages.
var (
	senders           = []policy.Purpose{policy.SendByLink}
	readers           = []policy.Purpose{policy.ReadByLink}
	sendersAndReaders = []policy.Purpose{policy.SendByLink, policy.ReadByLink}
)

func (s *Server) registerPackages() {
	const what = "package"
	register(s, operation{method: http.MethodPost, path: v5 + "/packages",
		id: "create-package", what: what, access: anyone, status: http.StatusCreated,
		summary: "Start a package; its content is sent with a transfer spec", guests: senders}, s.createPackage)
	register(s, operation{method: http.MethodPost, path: v5 + "/packages/{id}/forward",
		id: "forward-package", what: what, access: anyone, status: http.StatusCreated,
		summary: "Send the content of a package to others"}, s.forwardPackage)
	register(s, operation{method: http.MethodGet, path: v5 + "/packages/{id}",
		id: "get-package", what: what, access: anyone, summary: "Read a package", guests: sendersAndReaders},
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
	for id, method := range map[string]string{"upload-details": http.MethodGet, "post-upload-details": http.MethodPost} {
		register(s, operation{method: method, path: v5 + "/packages/{id}/upload_details", id: id, what: what, access: anyone,
			status: http.StatusOK, summary: "Tell how far the upload of a package is", guests: senders},
			func(ctx context.Context, in *IDPath) (*body[api.UploadDetails], error) {
				v, err := s.view(ctx, in.ID)
				if err != nil {
					return nil, err
				}
				return answerWith(uploadDetails(*v.pkg, s.now())), nil
			})
	}
}

// view is a package as the caller may see it.
type view struct {
	pkg        *store.Package
	deliveries []store.Delivery
	groups     []membered
	private    map[int64]bool // the groups that are private recipients, by id
	downloads  []store.Downloads
	// manages: the caller sent it, or is an admin. They see who received and downloaded it.
	manages bool
	actor   policy.Actor
	thing   policy.Package // the package as the rules see it
	box     string
	// named: the caller is a recipient by name. gone: the caller deleted the package from the own lists.
	named, gone bool
}

// can answers nil, or what the caller is told who may not do something with the package.
func (v view) can(action policy.Action) error { return policy.Can(v.actor, action, v.thing) }

// view reads a package for the caller; for strangers it does not exist.
func (s *Server) view(ctx context.Context, id string) (view, error) {
	n, err := number(id, "package")
	if err != nil {
		return view{}, err
	}
	v, err := s.viewFor(ctx, caller(ctx), n)
	if g := guestOf(ctx); err == nil && g != nil && !g.sees(v.pkg) {
		return view{}, notFound("package")
	}
	return v, err
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

// views gathers what belongs to packages in a few queries, whatever their number.
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
	groups, err := s.store.PackageGroups(ctx, keys...)
	if err != nil {
		return nil, err
	}
	memberships := map[int64]string{}
	if len(groups) > 0 {
		if memberships, err = s.store.Memberships(ctx, me.ID); err != nil {
			return nil, err
		}
	}
	early, err := s.hasEarly(ctx, list)
	if err != nil {
		return nil, err
	}
	out := make([]view, len(list))
	for i := range list {
		p := &list[i]
		out[i] = viewOf(me, p, deliveries[p.ID], downloads[p.ID])
		out[i].thing.OnTheWay = early && onTheWay(p)
		if err := out[i].addGroups(groups[p.ID], memberships); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// addGroups tells how the package belongs to the caller by groups. What a member deleted from the own lists is not
// received by a group either.
func (v *view) addGroups(groups []store.PackageGroup, memberships map[int64]string) error {
	v.private = map[int64]bool{}
	for _, g := range groups {
		m, err := meet(g.Group, memberships)
		if err != nil {
			return err
		}
		v.groups = append(v.groups, m)
		v.private[m.ID] = g.Private
		if m.Deleted {
			continue
		}
		if !v.gone && m.thing.Access != "" && policy.ReadsGroup(v.actor, m.thing) {
			v.thing.Received = true
			v.thing.ReceivedArchived = v.thing.ReceivedArchived || g.Archived && !v.named
		}
		if policy.ManagesGroup(v.actor, m.thing) {
			v.thing.Manages, v.thing.OfInbox = true, v.thing.OfInbox || m.thing.Inbox
		}
	}
	return nil
}

func viewOf(me store.Account, p *store.Package, deliveries []store.Delivery, downloads []store.Downloads) view {
	v := view{pkg: p, deliveries: deliveries, downloads: downloads, actor: actor(me)}
	v.thing = policy.Package{
		State: p.State, UploadStatus: p.UploadStatus, Sent: p.Sender.ID == me.ID, SentArchived: p.SenderArchived,
		WaitsForRelease: p.ReleasePolicy != "now", DownloadLimit: p.DownloadLimit.Int64, PreventHTTP: p.PreventHTTPDownload,
		WasReleased: p.ReleasedAt.Valid, FromFolder: p.FromFolder, Missing: p.MissingSince.Valid,
	}
	v.manages = v.thing.Sent || policy.May(v.actor, policy.ReadAllPackages)
	for i := range deliveries {
		d := &deliveries[i]
		if d.Recipient.ID != me.ID {
			continue
		}
		v.named, v.gone, v.thing.ReceivedArchived = d.Direct, d.Deleted, d.Archived
		v.thing.Received = d.Direct && !d.Deleted
	}
	for _, d := range downloads {
		if d.Account.ID == me.ID {
			v.thing.Downloads = int64(d.Counted)
		}
	}
	return v
}

// deletePackage starts the deletion for everyone, for the sender and for admins; a job removes the content. Others who
// received it take it off their own lists, and it stays whole for everyone else.
func (s *Server) deletePackage(ctx context.Context, id string) error {
	v, err := s.deletable(ctx, id)
	if err != nil {
		return err
	}
	if !policy.Deletes(v.actor, v.thing) {
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
	if err != nil || !policy.Deletes(v.actor, v.thing) || policy.Gone(v.thing) {
		return v, err
	}
	return v, v.can(policy.DeleteForAll)
}
