package core

import (
	"context"
	"net/http"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

func (s *Server) registerPackageChanges() {
	const what = "package"
	type changeInput struct {
		IDPath
		Body api.PackageChange
	}
	register(s, operation{method: http.MethodPut, path: v5 + "/packages/{id}",
		id: "update-package", what: what, access: anyone,
		summary: "Change when a package is released and when it expires"},
		func(ctx context.Context, in *changeInput) (*body[api.Package], error) {
			v, err := s.view(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if err := mayChange(v, in.Body); err != nil {
				return nil, err
			}
			p, err := changePackage(*v.pkg, in.Body)
			if err != nil {
				return nil, err
			}
			if err := s.mayChoose(ctx, v.pkg.ExpirationPolicy, p.ExpirationPolicy); err != nil {
				return nil, err
			}
			if err := s.store.SetPolicies(ctx, p); err != nil {
				return nil, err
			}
			return s.packageAnswer(ctx, in.ID)
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/packages/{id}/archive/sent",
		id: "archive-sent-package", what: what, access: anyone,
		summary: "Take a package that the caller sent out of the outbox; outbox_history keeps it"},
		func(ctx context.Context, in *IDPath) (*body[api.Package], error) {
			v, err := s.view(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if !v.thing.Sent {
				return nil, forbidden("You did not send this package.")
			}
			if err := s.store.ArchiveSent(ctx, v.pkg.ID); err != nil {
				return nil, err
			}
			return s.packageAnswer(ctx, in.ID)
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/packages/{id}/archive/received",
		id: "archive-received-package", what: what, access: anyone,
		summary: "Take a package that the caller received out of the inbox; inbox_history keeps it"},
		func(ctx context.Context, in *struct {
			IDPath
			ArchiveAll bool `query:"archive_all" doc:"off the lists of all members of the group, for its admins"`
		}) (*body[api.Package], error) {
			v, err := s.view(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if in.ArchiveAll {
				err = s.archiveForAll(ctx, v)
			} else {
				err = s.archiveReceived(ctx, v)
			}
			if err != nil {
				return nil, err
			}
			return s.packageAnswer(ctx, in.ID)
		})
}

func (s *Server) archiveReceived(ctx context.Context, v view) error {
	if !v.thing.Received {
		return forbidden("You are not a recipient of this package.")
	}
	return s.store.ArchiveDelivery(ctx, v.pkg.ID, caller(ctx).ID)
}

// archiveForAll takes a package off the lists of all members of the groups that the caller is an admin of.
func (s *Server) archiveForAll(ctx context.Context, v view) error {
	if err := v.can(policy.ArchiveForAll); err != nil {
		return err
	}
	for _, g := range v.groups {
		if !policy.ManagesGroup(v.actor, g.thing) {
			continue
		}
		if err := s.store.ArchiveForGroup(ctx, v.pkg.ID, g.ID); err != nil {
			return err
		}
	}
	return nil
}

func (s *Server) packageAnswer(ctx context.Context, id string) (*body[api.Package], error) {
	v, err := s.view(ctx, id)
	if err != nil {
		return nil, err
	}
	return answerWith(packageOut(&v)), nil
}

// mayChange asks the rules about each part of a change.
func mayChange(v view, c api.PackageChange) error {
	if c.ReleasePolicy != nil || c.ReleaseDate != nil {
		if err := v.can(policy.ChangeRelease); err != nil {
			return err
		}
	}
	return v.can(policy.ChangeExpiration) // a change of nothing needs the right as well
}

// mayChoose refuses another policy for what happens after downloads to one who may not choose it. Admins may.
func (s *Server) mayChoose(ctx context.Context, before, after string) error {
	if before == after || policy.May(actor(caller(ctx)), policy.WriteAllPackages) {
		return nil
	}
	permissions, err := s.permissions(ctx, caller(ctx))
	if err != nil || permissions.ChoosesPolicy(after) {
		return err
	}
	p := atFields(newProblem(http.StatusForbidden, "Your account may not choose when packages are deleted."),
		"expiration_policy")
	p.Code = "policy_not_allowed"
	return p
}

// changePackage applies a change.
func changePackage(p store.Package, c api.PackageChange) (store.Package, error) {
	var err error
	set(&p.ReleasePolicy, c.ReleasePolicy)
	set(&p.ExpirationPolicy, c.ExpirationPolicy)
	if c.ReleaseDate != nil {
		if p.ReleaseDate, err = date(c.ReleaseDate, "release_date"); err != nil {
			return p, err
		}
	}
	if c.ExpirationDate != nil {
		if p.ExpirationDate, err = date(c.ExpirationDate, "expiration_date"); err != nil {
			return p, err
		}
	}
	return p, checkPolicies(p)
}

// checkPolicies refuses a policy that waits for a date without one.
func checkPolicies(p store.Package) error {
	if p.ReleasePolicy == "on_date" && !p.ReleaseDate.Valid {
		return badField("release_policy on_date needs release_date.", "release_date")
	}
	if p.ExpirationPolicy == "delete_after_expiration_date" && !p.ExpirationDate.Valid {
		return badField("expiration_policy delete_after_expiration_date needs expiration_date.", "expiration_date")
	}
	return nil
}
