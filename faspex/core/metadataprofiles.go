package core

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/metadata"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

type metadataProfiles struct {
	List
	Profiles []api.MetadataProfile `json:"profiles"`
}

// ProfileFieldPath names a field of a profile.
type ProfileFieldPath struct {
	ProfileID string `path:"metadata_profile_id"`
	ID        string `path:"id"`
}

func (s *Server) registerMetadataProfiles() {
	const what, path = "metadata profile", v5 + "/configuration/metadata_profiles"
	register(s, operation{method: http.MethodGet, path: path, id: "list-metadata-profiles", what: what, access: anyone,
		summary: "List what senders have to fill in"},
		func(ctx context.Context, in *struct {
			Paging
			Query string `query:"q" doc:"part of the name"`
		}) (*body[metadataProfiles], error) {
			found, total, err := s.store.MetadataProfiles(ctx, in.Query, in.page())
			if err != nil {
				return nil, err
			}
			out := metadataProfiles{List: in.list(total), Profiles: []api.MetadataProfile{}}
			for _, p := range found {
				one, err := profileOut(p)
				if err != nil {
					return nil, err
				}
				out.Profiles = append(out.Profiles, one)
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodPost, path: path, id: "create-metadata-profile", what: what,
		access: configurers, status: http.StatusCreated, summary: "Make a profile"},
		func(ctx context.Context, in *struct{ Body api.MetadataProfileChange }) (*body[api.MetadataProfile], error) {
			if in.Body.Name == nil {
				return nil, badField("name is needed.", "name")
			}
			return s.putProfile(ctx, newProfile(), in.Body)
		})
	for id, last := range map[string]string{"get-default-metadata-profile": "/default",
		"get-default-metadata-profile-too": "/default_profile"} { // clients ask at both
		register(s, operation{method: http.MethodGet, path: path + last, id: id, what: what, access: anyone,
			summary: "Read the profile of packages to people, lists and workgroups"},
			func(ctx context.Context, _ *struct{}) (*body[api.MetadataProfile], error) {
				p, err := s.store.DefaultMetadataProfile(ctx)
				if err != nil {
					return nil, err
				}
				out, err := profileOut(p)
				return answerWith(out), err
			})
	}
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-metadata-profile", what: what,
		access: anyone, summary: "Read a profile"},
		func(ctx context.Context, in *IDPath) (*tagged[api.MetadataProfile], error) {
			p, err := s.profile(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			tag, err := profileTag(p)
			return answerTagged(p, tag), err
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-metadata-profile", what: what,
		access: configurers, summary: "Change a profile; packages keep what they have"},
		func(ctx context.Context, in *struct {
			IDPath
			IfMatch
			Body api.MetadataProfileChange
		}) (*tagged[api.MetadataProfile], error) {
			p, err := s.profile(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			tag, err := profileTag(p)
			if err == nil {
				err = in.fresh(what, tag)
			}
			if err != nil {
				return nil, err
			}
			out, err := s.putProfile(ctx, p, in.Body)
			if err != nil {
				return nil, err
			}
			tag, err = profileTag(out.Body)
			return answerTagged(out.Body, tag), err
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "delete-metadata-profile", what: what,
		access: configurers, summary: "Delete a profile; packages keep what they have"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			n, err := number(in.ID, what)
			if err != nil {
				return nil, err
			}
			return nil, s.store.DeleteMetadataProfile(ctx, n)
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{metadata_profile_id}/fields/{id}",
		id: "delete-metadata-field", what: "field", access: configurers, summary: "Delete a field of a profile"},
		func(ctx context.Context, in *ProfileFieldPath) (*empty, error) {
			p, err := s.profile(ctx, in.ProfileID)
			if err != nil {
				return nil, err
			}
			at := slices.IndexFunc(p.Fields, func(f api.MetadataField) bool { return f.ID == in.ID })
			if at < 0 {
				return nil, notFound("field")
			}
			_, err = s.putProfile(ctx, p, api.MetadataProfileChange{Fields: slices.Delete(p.Fields, at, at+1)})
			return nil, err
		})
}

// newProfile is one for which nothing was set.
func newProfile() api.MetadataProfile {
	return api.MetadataProfile{
		Title:  api.MetadataText{MaxLength: 255, IllegalChars: []string{}},
		Note:   api.MetadataNote{MetadataText: api.MetadataText{MaxLength: 16000, IllegalChars: []string{}}, Enabled: true},
		Fields: []api.MetadataField{},
	}
}

func (s *Server) profile(ctx context.Context, id string) (api.MetadataProfile, error) {
	n, err := number(id, "metadata profile")
	if err != nil {
		return api.MetadataProfile{}, err
	}
	p, err := s.store.MetadataProfile(ctx, n)
	if err != nil {
		return api.MetadataProfile{}, err
	}
	return profileOut(p)
}

// profileOut reads a profile: its fields in their order.
func profileOut(p store.MetadataProfile) (api.MetadataProfile, error) {
	out := newProfile()
	if err := json.Unmarshal(p.Document, &out); err != nil {
		return out, err
	}
	out.ID, out.Name, out.Default = text(p.ID), p.Name, p.Default
	out.CreatedAt, out.UpdatedAt = stamp(p.CreatedAt), stamp(p.UpdatedAt)
	slices.SortStableFunc(out.Fields, func(a, b api.MetadataField) int { return a.Ordering - b.Ordering })
	return out, nil
}

func (s *Server) putProfile(ctx context.Context, p api.MetadataProfile,
	c api.MetadataProfileChange) (*body[api.MetadataProfile], error) {
	set(&p.Name, c.Name)
	set(&p.Default, c.Default)
	set(&p.Title, c.Title)
	set(&p.Note, c.Note)
	if c.Fields != nil {
		p.Fields = withIDs(p.Fields, c.Fields)
	}
	if p.Name = strings.TrimSpace(p.Name); p.Name == "" {
		return nil, badField("name must not be blank.", "name")
	}
	if err := refuseMetadata(metadata.Check(p)); err != nil {
		return nil, err
	}
	document, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	row := store.MetadataProfile{Name: p.Name, Default: p.Default, Document: document}
	if p.ID != "" {
		if row.ID, err = number(p.ID, "metadata profile"); err != nil {
			return nil, err
		}
	}
	id, err := s.store.PutMetadataProfile(ctx, row)
	if err != nil {
		return nil, err
	}
	out, err := s.profile(ctx, text(id))
	return answerWith(out), err
}

// withIDs gives new fields ids of their own; one that is named by its id or its name keeps the id.
func withIDs(before, after []api.MetadataField) []api.MetadataField {
	known, last := map[string]string{}, 0
	for _, f := range before {
		known[f.Name] = f.ID
		if n, err := strconv.Atoi(f.ID); err == nil {
			last = max(last, n)
		}
	}
	used := map[string]bool{}
	for i := range after {
		f := &after[i]
		if named := slices.ContainsFunc(before, func(b api.MetadataField) bool { return b.ID == f.ID }); !named {
			f.ID = known[f.Name]
		}
		if f.ID == "" || used[f.ID] {
			last++
			f.ID = strconv.Itoa(last)
		}
		used[f.ID] = true
		if f.Visible == nil {
			f.Visible = ptr(true)
		}
	}
	return after
}

func refuseMetadata(problems []metadata.Problem) error {
	if len(problems) == 0 {
		return nil
	}
	refused := newProblem(http.StatusBadRequest, problems[0].Message)
	for _, p := range problems {
		refused.Errors = append(refused.Errors, api.FieldError{Location: "body." + p.Field, Message: p.Message})
	}
	return refused
}

// checkMetadata refuses a package that does not fit its profile: that of its shared inbox, or the default one. Admins may
// pass it over, and so may whoever forwards.
func (s *Server) checkMetadata(ctx context.Context, c api.PackageCreate, to *addressees, forwards bool) error {
	if c.SkipMetadataValidation && (forwards || policy.May(actor(caller(ctx)), policy.WriteConfiguration)) {
		return nil
	}
	var row store.MetadataProfile
	var err error
	if to.inbox {
		o, readErr := settings.ReadSharedInbox(to.groups[0].Options)
		if readErr != nil || o.MetadataProfileID == "" {
			return readErr
		}
		id, idErr := number(o.MetadataProfileID, "metadata profile")
		if idErr != nil {
			return idErr
		}
		row, err = s.store.MetadataProfile(ctx, id)
	} else {
		row, err = s.store.DefaultMetadataProfile(ctx)
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil // none was chosen, or it was deleted
	}
	if err != nil {
		return err
	}
	p, err := profileOut(row)
	if err != nil {
		return err
	}
	return refuseMetadata(metadata.Fits(p, strings.TrimSpace(c.Title), c.Note, c.Metadata))
}
