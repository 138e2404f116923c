package core

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"path"
	"strings"

	"github.com/google/uuid"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

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
		UUID: id, Title: strings.TrimSpace(c.Title), Note: c.Note, Sender: me,
		ReleasePolicy: orDefault(c.ReleasePolicy, "now"), ExpirationPolicy: orDefault(c.ExpirationPolicy,
			usualExpiration(rules)),
		PreventHTTPDownload: c.PreventHTTPDownload,
	}
	p.Content = store.Content{
		SharedFolderID: inbox.ID, EncryptAtRest: c.EARenabled, ObfuscateNames: c.ObfuscationEnabled,
		Directory: path.Join(inbox.Directory, packages.Folder(p.Title, id, rules.MaxTitleLengthInStoragePaths)),
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
