package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/policy"
)

// registerSpace adds what administrators do about old packages.
func (s *Server) registerSpace() {
	const what, deleters = "package", policy.WriteAllPackages
	register(s, operation{method: http.MethodPost, path: v5 + "/internal/packages/clean_deleted", id: "clean-deleted-packages",
		what: what, access: deleters, status: http.StatusOK,
		summary: "Purge the records of packages that were deleted so many days ago"},
		func(ctx context.Context, in *struct {
			Body struct {
				Days *int `json:"days_before_deleting_package_records,omitempty" minimum:"0" maximum:"36500"`
			}
		}) (*body[api.PurgedPackages], error) {
			days := in.Body.Days
			if days == nil {
				c, err := s.auth.Configuration(ctx)
				if err != nil {
					return nil, err
				}
				days = &c.DaysBeforeDeletingPackageRecords
			}
			n, err := s.store.PurgePackages(ctx, s.now().AddDate(0, 0, -*days))
			return answerWith(api.PurgedPackages{NumberOfDeletedPackages: n}), err
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/internal/packages/free_space", id: "old-content", what: what,
		access: deleters, summary: "Tell how many packages are older than so many days, and how large they are"},
		func(ctx context.Context, in *struct {
			Days int `query:"days" required:"true" minimum:"0" maximum:"36500"`
		}) (*body[api.OldPackages], error) {
			n, bytes, err := s.store.OldContent(ctx, s.now().AddDate(0, 0, -in.Days))
			return answerWith(api.OldPackages{Packages: n, Bytes: bytes}), err
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/internal/packages/free_space", id: "free-space", what: what,
		access: deleters, status: http.StatusOK,
		summary: "Delete the content of packages that are older than so many days; their records stay"},
		func(ctx context.Context, in *struct {
			Body struct {
				Days int `json:"days" minimum:"0" maximum:"36500"`
			}
		}) (*body[api.OldPackages], error) {
			before := s.now().AddDate(0, 0, -in.Body.Days)
			_, bytes, err := s.store.OldContent(ctx, before)
			if err != nil {
				return nil, err
			}
			n, err := s.store.FreeContent(ctx, before)
			return answerWith(api.OldPackages{Packages: n, Bytes: bytes}), err
		})
}
