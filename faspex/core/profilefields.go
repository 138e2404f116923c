package core

import (
	"context"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

type profileFieldList struct {
	List
	ProfileFields []api.ProfileField `json:"profile_fields"`
}

type profileFieldChange struct {
	Name          *string `json:"name,omitempty" maxLength:"255"`
	Required      *bool   `json:"required,omitempty"`
	Enabled       *bool   `json:"enabled,omitempty"`
	SAMLFieldName *string `json:"saml_field_name,omitempty" maxLength:"255"`
}

type profileFields = settings.List[settings.ProfileField]

// registerProfileFields adds the properties of users: at most five, each required or optional.
func (s *Server) registerProfileFields() {
	const what, path = "user property", v5 + "/user_profile_fields"
	register(s, operation{method: http.MethodGet, path: path, id: "list-profile-fields", what: what, access: userReaders,
		summary: "List the properties that accounts have beside the usual ones"},
		func(ctx context.Context, in *Paging) (*body[profileFieldList], error) {
			l, err := s.profileFields(ctx)
			answer := profileFieldList{List: in.list(len(l.Items)), ProfileFields: []api.ProfileField{}}
			for _, i := range cut(*in, l.Items) {
				answer.ProfileFields = append(answer.ProfileFields, profileFieldOut(i))
			}
			return answerWith(answer), err
		})
	register(s, operation{method: http.MethodPost, path: path, id: "create-profile-field", what: what,
		access: configurers, status: http.StatusCreated, summary: "Add a property to accounts; five are the most"},
		func(ctx context.Context, in *struct{ Body profileFieldChange }) (*body[api.ProfileField], error) {
			var made settings.Item[settings.ProfileField]
			err := changeList(ctx, s, settings.NameProfileFields, func(l profileFields) (profileFields, error) {
				if len(l.Items) >= settings.MaxProfileFields {
					return l, conflict("There are five user properties already, and no more can be.")
				}
				f, err := in.Body.apply(l, 0, settings.ProfileField{Enabled: true})
				l, id := l.Add(f)
				made = settings.Item[settings.ProfileField]{ID: id, Value: f}
				return l, err
			})
			return answerWith(profileFieldOut(made)), err
		})
	register(s, operation{method: http.MethodGet, path: path + "/{id}", id: "get-profile-field", what: what,
		access: userReaders, summary: "Read a property of accounts"},
		func(ctx context.Context, in *IDPath) (*body[api.ProfileField], error) {
			l, err := s.profileFields(ctx)
			if err != nil {
				return nil, err
			}
			i, err := itemOf(l, in.ID, what)
			return answerWith(profileFieldOut(i)), err
		})
	register(s, operation{method: http.MethodPut, path: path + "/{id}", id: "update-profile-field", what: what,
		access: configurers, summary: "Change a property of accounts"},
		func(ctx context.Context, in *struct {
			IDPath
			Body profileFieldChange
		}) (*body[api.ProfileField], error) {
			var changed settings.Item[settings.ProfileField]
			err := changeList(ctx, s, settings.NameProfileFields, func(l profileFields) (profileFields, error) {
				i, err := itemOf(l, in.ID, what)
				if err != nil {
					return l, err
				}
				if i.Value, err = in.Body.apply(l, i.ID, i.Value); err != nil {
					return l, err
				}
				changed = i
				return l.With(i.ID, i.Value), nil
			})
			return answerWith(profileFieldOut(changed)), err
		})
	register(s, operation{method: http.MethodDelete, path: path + "/{id}", id: "delete-profile-field", what: what,
		access: configurers, summary: "Take a property from accounts; what they had for it is not told any more"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			return nil, changeList(ctx, s, settings.NameProfileFields, func(l profileFields) (profileFields, error) {
				i, err := itemOf(l, in.ID, what)
				return l.Without(i.ID), err
			})
		})
}

func (s *Server) profileFields(ctx context.Context) (profileFields, error) {
	l, _, err := settings.ReadList[settings.ProfileField](ctx, s.store, settings.NameProfileFields)
	return l, err
}

func profileFieldOut(i settings.Item[settings.ProfileField]) api.ProfileField {
	return api.ProfileField{ID: text(int64(i.ID)), Name: i.Value.Name, Required: i.Value.Required, Enabled: i.Value.Enabled,
		SAMLFieldName: i.Value.SAMLFieldName, Type: "global_custom_profile_field"}
}

func (c profileFieldChange) apply(l profileFields, id int, f settings.ProfileField) (settings.ProfileField, error) {
	set(&f.Name, c.Name)
	set(&f.Required, c.Required)
	set(&f.Enabled, c.Enabled)
	set(&f.SAMLFieldName, c.SAMLFieldName)
	f.Name = strings.TrimSpace(f.Name)
	if f.Name == "" || strings.ContainsFunc(f.Name, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return f, badField("name must not be empty or hold control characters.", "name")
	}
	for _, other := range l.Items {
		if other.ID != id && strings.EqualFold(other.Value.Name, f.Name) {
			return f, atFields(newProblem(http.StatusConflict, "There is a user property of that name."), "name")
		}
	}
	return f, nil
}

// checkProfile refuses an account that lacks a required property. What is there already keeps nobody from changing
// something else of an account.
func (s *Server) checkProfile(ctx context.Context, a store.Account) error {
	fields, err := s.profileFields(ctx)
	if err != nil {
		return err
	}
	problems := settings.CheckProfile(fields, optionsOf(a).UserProfileDataAttributes)
	if len(problems) == 0 {
		return nil
	}
	p := newProblem(http.StatusBadRequest, problems[0].Message)
	for _, wrong := range problems {
		p.Errors = append(p.Errors, api.FieldError{Location: "body." + wrong.Field, Message: wrong.Message})
	}
	return p
}

// withProfile adds the properties of an account that is told whole.
func (s *Server) withProfile(ctx context.Context, out api.Account, a store.Account) (api.Account, error) {
	fields, err := s.profileFields(ctx)
	if err != nil {
		return out, err
	}
	values := map[string]string{}
	for _, v := range optionsOf(a).UserProfileDataAttributes {
		values[v.FieldID] = v.Value
	}
	out.UserProfileDataAttributes = []api.ProfileData{}
	for _, i := range fields.Items {
		f := profileFieldOut(i)
		out.UserProfileDataAttributes = append(out.UserProfileDataAttributes, api.ProfileData{Name: f.Name,
			Required: f.Required, Enabled: f.Enabled, SAMLFieldName: f.SAMLFieldName, Type: f.Type,
			UserProfileFieldID: f.ID, Value: values[f.ID]})
	}
	return out, nil
}
