package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"faspex.io/operator/faspex/packages"
)

// Box says whose packages a list shows, and from which side.
type Box string

const (
	BoxInbox   Box = "inbox"   // released packages sent to the account
	BoxOutbox  Box = "outbox"  // packages the account sent
	BoxPending Box = "pending" // packages the account sent that wait for their release date
	BoxAll     Box = "all"     // both sides
	BoxGlobal  Box = "global"  // every package; for admins
	// BoxInboxAll is the inbox and the packages of the account's groups, BoxGroup those of one group.
	BoxInboxAll Box = "inbox_all"
	BoxGroup    Box = "group"
)

// PackageFilter narrows a list of packages; zero values narrow nothing but for AccountID,
// which every box but global needs.
type PackageFilter struct {
	Box       Box
	AccountID int64
	GroupID   int64 // of BoxGroup
	// Groups keeps packages that went to one of some groups.
	Groups  []int64
	History bool // archived packages too, and in the inbox expired ones
	// OnTheWay adds to what was received what is being uploaded and released as soon as it is there.
	OnTheWay bool
	// Query is part of the title, or of a name or e-mail address of the sender or of a recipient whom the account sees.
	Query         string
	Status        packages.Status
	UploadStatus  packages.UploadStatus
	ReleasePolicy string
	CreatedAfter  time.Time
	CreatedBefore time.Time
	ChangedSince  time.Time
	// ReleasedBefore and CompletedAfter are about the release and the end of the upload.
	ReleasedBefore, CompletedAfter time.Time
	IgnoreDeleted                  bool
	// Sort is one of PackageSorts, with "-" before it for descending; empty is the newest first.
	Sort string
}

// shownName is the name that people are shown of the account a or r.
func shownName(alias string) string {
	const name = `COALESCE(NULLIF(TRIM(CONCAT(a.first_name, ' ', a.last_name)), ''), a.name)`
	return strings.ReplaceAll(name, "a.", alias+".")
}

// packageOrders are the columns that lists can be sorted by.
var packageOrders = map[string]string{
	"created": `b.id`,
	"title":   `p.title`,
	"sender":  shownName("a"),
	"recipients": `(SELECT MIN(` + shownName("r") + `) FROM deliveries d JOIN accounts r ON r.id = d.account_id
		WHERE d.package_id = p.id AND NOT d.private)`, // private ones would tell by their place
	"status":   statusOrder(),
	"size":     `p.total_bytes`,
	"files":    `p.total_files`,
	"released": `p.release_date`,
	"expires":  `p.expiration_date`,
}

// statusOrder ranks packages by the alphabet of what people are shown.
func statusOrder() string {
	text := `CASE`
	for _, shown := range packages.Statuses() {
		for _, m := range packages.Matching(shown) {
			text += ` WHEN p.state = '` + string(m.State) + `'`
			if m.Upload != "" {
				text += ` AND p.upload_status = '` + string(m.Upload) + `'`
			}
			text += ` THEN '` + string(shown) + `'`
		}
	}
	return text + ` ELSE 'unknown' END`
}

// PackageSorts lists what Sort may be, without the sign.
func PackageSorts() []string {
	return slices.Sorted(maps.Keys(packageOrders))
}

// Packages lists packages and counts all that match.
func (s *Store) Packages(ctx context.Context, f PackageFilter, p Page) ([]Package, int, error) {
	box, args, err := f.box()
	if err != nil {
		return nil, 0, err
	}
	column, descending := strings.CutPrefix(f.Sort, "-")
	if f.Sort == "" {
		column, descending = "created", true
	}
	order, known := packageOrders[column]
	if !known {
		return nil, 0, fmt.Errorf("list packages: unknown sort %q", f.Sort)
	}
	if descending {
		order += ` DESC`
	}
	w := f.conditions()
	args = append(args, w.args...)
	const joins = ` JOIN packages p ON p.id = b.id JOIN accounts a ON a.id = p.sender_id`
	counted := ` FROM (` + box + `) b`
	if len(w.conds) > 0 {
		counted += joins + w.sql()
	}
	listed := counted
	if column != "created" {
		order += `, b.id DESC`
		if len(w.conds) == 0 {
			listed += joins
		}
	}
	// Everyone's packages are too many to be counted each time.
	count, countArgs := `(SELECT COUNT(*)`+counted+`)`, args
	if f.Box == BoxGlobal && len(w.conds) == 0 {
		all, err := s.countPackages(ctx)
		if err != nil {
			return nil, 0, err
		}
		count, countArgs = `?`, []any{all}
	}
	// The ids come first, with their number, so that the texts of packages on other pages are not read.
	// Both are one way to the database.
	type place struct {
		id    int64
		total int
	}
	places, err := collectInto(ctx, s.db, make([]place, 0, min(p.Limit, 100)),
		func(r rower) (v place, err error) { return v, r.Scan(&v.id, &v.total) },
		`SELECT b.id, `+count+listed+` ORDER BY `+order+` LIMIT ? OFFSET ?`,
		slices.Concat(countArgs, args, []any{p.Limit, p.Offset})...)
	if err != nil {
		return nil, 0, fmt.Errorf("list packages: %w", err)
	}
	if len(places) == 0 {
		var total int
		if err := s.db.QueryRowContext(ctx, `SELECT `+count, countArgs...).Scan(&total); err != nil {
			return nil, 0, fmt.Errorf("count packages: %w", err)
		}
		return []Package{}, total, nil
	}
	ids := make([]int64, len(places))
	for i, v := range places {
		ids[i] = v.id
	}
	list, err := s.packagesByID(ctx, ids)
	return list, places[0].total, err
}

// packagesByID reads packages in the order of their ids. Those that are gone meanwhile are left out.
func (s *Store) packagesByID(ctx context.Context, ids []int64) ([]Package, error) {
	w := where{}
	whereIn(&w, `p.id`, ids)
	found, err := collectInto(ctx, s.db, make([]Package, 0, len(ids)), scanPackage, `SELECT STRAIGHT_JOIN `+packageColumns+
		`, `+personColumns+packageFrom+w.sql(), w.args...)
	if err != nil {
		return nil, fmt.Errorf("read packages of a list: %w", err)
	}
	at := make(map[int64]int, len(ids))
	for i, id := range ids {
		at[id] = i
	}
	slices.SortFunc(found, func(a, b Package) int { return at[a.ID] - at[b.ID] })
	return found, nil
}

// AnyOnTheWay reports whether any upload runs. Where none does, lists need not show what is on its way, and are read in
// the order of their index.
func (s *Store) AnyOnTheWay(ctx context.Context) (found bool, err error) {
	err = s.db.QueryRowContext(ctx,
		`SELECT EXISTS (SELECT 1 FROM packages WHERE state = 'held' AND upload_status = 'transferring')`).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("look for uploads: %w", err)
	}
	return found, nil
}

// box selects the ids of the packages in a box. Each is answered by an index alone (0005_lists).
func (f PackageFilter) box() (query string, args []any, err error) {
	// Recipients see a package once it left held: before that it is the sender's affair.
	received := `SELECT package_id AS id FROM deliveries WHERE account_id = ? AND shown = 2`
	sent := `SELECT id FROM packages WHERE sender_id = ? AND sender_archived = FALSE`
	if f.History {
		received = `SELECT package_id AS id FROM deliveries WHERE account_id = ? AND shown IN (1, 2)`
		sent = `SELECT id FROM packages WHERE sender_id = ?`
	}
	// What a member took off the own list is off the list of the group, too.
	grouped := `SELECT k.package_id AS id FROM group_members m JOIN package_groups k ON k.group_id = m.group_id AND k.shown = 2
		LEFT JOIN deliveries d ON d.package_id = k.package_id AND d.account_id = m.account_id
		WHERE m.account_id = ? AND m.access <> 'submit_only' AND (d.id IS NULL OR d.deleted_at IS NULL AND NOT d.archived)`
	group := `SELECT k.package_id AS id FROM package_groups k LEFT JOIN deliveries d ON d.package_id = k.package_id AND d.account_id = ?
		WHERE k.group_id = ? AND k.shown = 2 AND (d.id IS NULL OR d.deleted_at IS NULL AND NOT d.archived)`
	if f.History {
		past := func(query string) string {
			return strings.NewReplacer(`k.shown = 2`, `k.shown IN (1, 2)`, ` AND NOT d.archived`, ``).Replace(query)
		}
		grouped, group = past(grouped), past(group)
	}
	if f.OnTheWay {
		more := strings.NewReplacer(`shown = 2`, `shown IN (2, 3)`, `shown IN (1, 2)`, `shown IN (1, 2, 3)`)
		received, grouped, group = more.Replace(received), more.Replace(grouped), more.Replace(group)
	}
	switch f.Box {
	case BoxInboxAll:
		return received + ` UNION ` + grouped, []any{f.AccountID, f.AccountID}, nil
	case BoxGroup:
		return group, []any{f.AccountID, f.GroupID}, nil
	case BoxInbox:
		return received, []any{f.AccountID}, nil
	case BoxOutbox:
		return sent, []any{f.AccountID}, nil
	case BoxPending:
		return `SELECT id FROM packages WHERE sender_id = ? AND state = 'held' AND release_policy <> 'now'`,
			[]any{f.AccountID}, nil
	case BoxAll:
		return sent + ` UNION ` + received + ` UNION ` + grouped, []any{f.AccountID, f.AccountID, f.AccountID}, nil
	case BoxGlobal:
		return `SELECT id FROM packages`, nil, nil
	}
	return "", nil, fmt.Errorf("list packages: unknown box %q", f.Box)
}

// conditions are what narrows a box, on the package p and its sender a.
func (f PackageFilter) conditions() where {
	w := where{}
	if f.Query != "" {
		f.search(&w)
	}
	if f.Status != "" {
		w.matching(f.Status)
	}
	if f.UploadStatus != "" {
		w.and(`p.upload_status = ?`, f.UploadStatus)
	}
	if f.ReleasePolicy != "" {
		w.and(`p.release_policy = ?`, f.ReleasePolicy)
	}
	if !f.CreatedAfter.IsZero() {
		w.and(`p.created_at >= ?`, f.CreatedAfter)
	}
	if !f.CreatedBefore.IsZero() {
		w.and(`p.created_at < ?`, f.CreatedBefore)
	}
	if !f.ChangedSince.IsZero() {
		w.and(`p.updated_at >= ?`, f.ChangedSince)
	}
	if !f.ReleasedBefore.IsZero() {
		w.and(`p.released_at < ?`, f.ReleasedBefore)
	}
	if !f.CompletedAfter.IsZero() {
		w.and(`p.upload_completed_at >= ?`, f.CompletedAfter)
	}
	if len(f.Groups) > 0 {
		in := where{}
		whereIn(&in, `group_id`, f.Groups)
		w.and(`p.id IN (SELECT package_id FROM package_groups`+in.sql()+`)`, in.args...)
	}
	if f.IgnoreDeleted {
		w.and(`p.state <> 'deleted'`)
	}
	return w
}

// search keeps packages with a text in the title, or in a name or the e-mail address of somebody whom the account sees
// on them. Private recipients are seen by the sender, by themselves, and by admins.
func (f PackageFilter) search(w *where) {
	like := "%" + likeEscape(strings.Join(strings.Fields(f.Query), " ")) + "%"
	const person = `(x.name LIKE ? OR x.email LIKE ? OR CONCAT(x.first_name, ' ', x.last_name) LIKE ?
		OR CONCAT(x.last_name, ' ', x.first_name) LIKE ? OR CONCAT(x.last_name, ', ', x.first_name) LIKE ?)`
	five := []any{like, like, like, like, like}
	args := append([]any{like}, five...)
	seen := ``
	if f.Box != BoxGlobal {
		seen = ` AND (NOT d.private OR d.account_id = ? OR p.sender_id = ?)`
		args = append(args, f.AccountID, f.AccountID)
	}
	w.and(`(p.title LIKE ? OR `+strings.ReplaceAll(person, "x.", "a.")+` OR EXISTS (SELECT 1 FROM deliveries d JOIN accounts r ON r.id = d.account_id
		WHERE d.package_id = p.id`+seen+` AND `+strings.ReplaceAll(person, "x.", "r.")+`))`, append(args, five...)...)
}

// matching keeps packages that are shown with a status.
func (w *where) matching(shown packages.Status) {
	conds, args := "FALSE", []any{}
	for _, m := range packages.Matching(shown) {
		conds += ` OR (p.state = ?`
		args = append(args, m.State)
		if m.Upload != "" {
			conds += ` AND p.upload_status = ?`
			args = append(args, m.Upload)
		}
		conds += `)`
	}
	w.and(`(`+conds+`)`, args...)
}
