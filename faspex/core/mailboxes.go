package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

type packageList struct {
	List
	Packages []api.Package `json:"packages"`
}

type packageFilter struct {
	Paging
	Query         string `query:"q" maxLength:"255" doc:"part of the title, or of a name or e-mail address of the sender or of a visible recipient"`
	Sort          string `query:"sort" enum:"created,-created,title,-title,sender,-sender,recipients,-recipients,status,-status,size,-size,files,-files,released,-released,expires,-expires" default:"-created" doc:"what to sort by; a minus is descending"`
	CreatedTime   string `query:"created_time" doc:"only packages made at this time or later"`
	CreatedBefore string `query:"created_before" doc:"only packages made before this time"`
	ChangedSince  string `query:"changed_since_date"`
	UploadStatus  string `query:"upload_status" enum:"completed,error,failed,paused,queued,stopped,submitted,timed_out,transferring,will_retry,pre_initiation"`
	ReleasePolicy string `query:"release_policy" enum:"now,on_date,later"`
	IgnoreDeleted bool   `query:"ignore_deleted"`
	Status        string `query:"status" enum:"starting,uploading,transferring,paused,failed,pre_initiation,uploaded_for_processing,uploaded_for_file_processing,unknown,processing,checking_relays,relaying,completed,expiring,expired,deleting,deleted,file_processing_failed,file_processing_timed_out,incorrect_transfer_spec"`
}

// boxes are the mailboxes by their published names. The inboxes of shared inboxes and workgroups would be in inbox_all.
var boxes = map[string]struct {
	box     store.Box
	history bool
}{
	"inbox": {store.BoxInbox, false}, "inbox_history": {store.BoxInbox, true}, "inbox_all": {store.BoxInbox, false},
	"inbox_all_history": {store.BoxInbox, true},
	"outbox":            {store.BoxOutbox, false}, "outbox_history": {store.BoxOutbox, true},
	"pending": {store.BoxPending, false}, "pending_history": {store.BoxPending, true}, "all": {store.BoxAll, true},
}

func (s *Server) registerMailboxes() {
	// One path a box: a wildcard would clash with packages/{id} in the router.
	for name, b := range boxes {
		register(s, operation{method: http.MethodGet, path: v5 + "/" + name + "/packages", id: "list-" + name,
			what: "package", access: anyone, summary: "List packages of the caller's " + name},
			func(ctx context.Context, in *packageFilter) (*body[packageList], error) {
				return s.listPackages(ctx, in, b.box, b.history, name)
			})
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/packages",
		id: "list-packages", what: "package", access: anyone,
		summary: "List packages that the caller sent or received; an admin sees everyone's"},
		func(ctx context.Context, in *packageFilter) (*body[packageList], error) {
			if isAdmin(caller(ctx)) {
				return s.listPackages(ctx, in, store.BoxGlobal, true, "global")
			}
			return s.listPackages(ctx, in, store.BoxAll, true, "all")
		})
}

func (s *Server) listPackages(ctx context.Context, in *packageFilter,
	box store.Box, history bool, name string) (*body[packageList], error) {
	f := store.PackageFilter{Box: box, AccountID: caller(ctx).ID, History: history, Query: in.Query, Sort: in.Sort,
		Status: packages.Status(in.Status), UploadStatus: packages.UploadStatus(in.UploadStatus),
		ReleasePolicy: in.ReleasePolicy, IgnoreDeleted: in.IgnoreDeleted}
	var err error
	if in.CreatedTime != "" {
		if f.CreatedAfter, err = parseTime(in.CreatedTime); err != nil {
			return nil, err
		}
	}
	if in.CreatedBefore != "" {
		if f.CreatedBefore, err = parseTime(in.CreatedBefore); err != nil {
			return nil, err
		}
	}
	if in.ChangedSince != "" {
		if f.ChangedSince, err = parseTime(in.ChangedSince); err != nil {
			return nil, err
		}
	}
	found, total, err := s.store.Packages(ctx, f, in.page())
	if err != nil {
		return nil, err
	}
	views, err := s.views(ctx, caller(ctx), found)
	if err != nil {
		return nil, err
	}
	out := packageList{List: in.list(total), Packages: make([]api.Package, len(views))}
	for i := range views {
		views[i].box = name
		out.Packages[i] = packageOut(&views[i])
	}
	return answerWith(out), nil
}
