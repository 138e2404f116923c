package core

import (
	"context"
	"net/http"
	"strings"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

type packageList struct {
	List
	Packages []api.Package `json:"packages"`
}

// PackageFilter narrows a list of packages.
type PackageFilter struct {
	Paging
	Query          string `query:"q" maxLength:"255" doc:"part of the title, or of a name or e-mail address of the sender or of a visible recipient"`
	Sort           string `query:"sort" enum:"created,-created,title,-title,sender,-sender,recipients,-recipients,status,-status,size,-size,files,-files,released,-released,expires,-expires" default:"-created" doc:"what to sort by; a minus is descending"`
	CreatedTime    string `query:"created_time" doc:"only packages made at this time or later"`
	CreatedBefore  string `query:"created_before" doc:"only packages made before this time"`
	ChangedSince   string `query:"changed_since_date"`
	UploadStatus   string `query:"upload_status" enum:"completed,error,failed,paused,queued,stopped,submitted,timed_out,transferring,will_retry,pre_initiation"`
	ReleasePolicy  string `query:"release_policy" enum:"now,on_date,later"`
	IgnoreDeleted  bool   `query:"ignore_deleted"`
	WorkgroupIDs   string `query:"workgroup_ids" doc:"only packages to these workgroups, comma separated"`
	SharedInboxIDs string `query:"shared_inbox_ids" doc:"only packages to these shared inboxes, comma separated"`
	ReleasedBefore string `query:"release_date_before" doc:"only packages released before this time"`
	CompletedAfter string `query:"upload_completion_time" doc:"only packages whose upload was complete at this time or later"`
	Status         string `query:"status" enum:"starting,uploading,transferring,paused,failed,pre_initiation,uploaded_for_processing,uploaded_for_file_processing,unknown,processing,checking_relays,relaying,completed,expiring,expired,deleting,deleted,file_processing_failed,file_processing_timed_out,incorrect_transfer_spec"`
}

// boxes are the mailboxes by their published names. What came by workgroups and shared inboxes is in inbox_all.
var boxes = map[string]struct {
	box     store.Box
	history bool
}{
	"inbox": {store.BoxInbox, false}, "inbox_history": {store.BoxInbox, true}, "inbox_all": {store.BoxInboxAll, false},
	"inbox_all_history": {store.BoxInboxAll, true},
	"outbox":            {store.BoxOutbox, false}, "outbox_history": {store.BoxOutbox, true},
	"pending": {store.BoxPending, false}, "pending_history": {store.BoxPending, true},
}

func (s *Server) registerMailboxes() {
	// One path a box: a wildcard would clash with packages/{id} in the router.
	for name, b := range boxes {
		register(s, operation{method: http.MethodGet, path: v5 + "/" + name + "/packages", id: "list-" + name,
			what: "package", access: anyone, summary: "List packages of the caller's " + name},
			func(ctx context.Context, in *PackageFilter) (*body[packageList], error) {
				return s.listPackages(ctx, in, store.PackageFilter{Box: b.box, History: b.history}, name)
			})
	}
	own := func(ctx context.Context, in *PackageFilter) (*body[packageList], error) {
		return s.listPackages(ctx, in, store.PackageFilter{Box: store.BoxAll, History: true}, "all")
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/packages",
		id: "list-packages", what: "package", access: anyone, summary: "List packages that the caller sent or received"}, own)
	register(s, operation{method: http.MethodGet, path: v5 + "/all/packages",
		id: "list-all", what: "package", access: anyone, summary: "List everyone's packages, for an admin; others see their own"},
		func(ctx context.Context, in *PackageFilter) (*body[packageList], error) {
			if policy.May(actor(caller(ctx)), policy.ReadAllPackages) {
				return s.listPackages(ctx, in, store.PackageFilter{Box: store.BoxGlobal, History: true}, "global")
			}
			return own(ctx, in)
		})
}

// listPackages lists what is in a box, narrowed by a request.
func (s *Server) listPackages(ctx context.Context, in *PackageFilter, f store.PackageFilter,
	name string) (*body[packageList], error) {
	f.AccountID, f.Query, f.Sort = caller(ctx).ID, in.Query, in.Sort
	f.Status, f.UploadStatus = packages.Status(in.Status), packages.UploadStatus(in.UploadStatus)
	f.ReleasePolicy, f.IgnoreDeleted = in.ReleasePolicy, in.IgnoreDeleted
	var err error
	for _, t := range []struct {
		into *time.Time
		from string
	}{{&f.CreatedAfter, in.CreatedTime}, {&f.CreatedBefore, in.CreatedBefore}, {&f.ChangedSince, in.ChangedSince},
		{&f.ReleasedBefore, in.ReleasedBefore}, {&f.CompletedAfter, in.CompletedAfter}} {
		if t.from == "" {
			continue
		}
		if *t.into, err = parseTime(t.from); err != nil {
			return nil, err
		}
	}
	for _, list := range []string{in.WorkgroupIDs, in.SharedInboxIDs} {
		for _, id := range strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' }) {
			n, err := number(id, "group")
			if err != nil {
				return nil, err
			}
			f.Groups = append(f.Groups, n)
		}
	}
	if f.OnTheWay, err = s.showsEarly(ctx); err != nil {
		return nil, err
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
