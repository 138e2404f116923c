package core

import (
	"context"
	"net/http"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

// registerDownloadDetails adds the call that tells who downloaded a package, by both methods that clients use.
func (s *Server) registerDownloadDetails() {
	type input struct {
		IDPath
		Paging
	}
	for id, method := range map[string]string{
		"download-details": http.MethodGet, "post-download-details": http.MethodPost,
	} {
		register(s, operation{method: method, path: v5 + "/packages/{id}/download_details", id: id, what: "package",
			access: anyone, status: http.StatusOK, summary: "Tell who downloaded a package, for its sender and admins"},
			func(ctx context.Context, in *input) (*body[api.DownloadDetails], error) {
				v, err := s.view(ctx, in.ID)
				if err != nil {
					return nil, err
				}
				if !v.manages {
					return nil, forbidden("Only its sender sees who downloaded a package.")
				}
				return s.downloadDetails(ctx, v, in.Paging)
			})
	}
}

func (s *Server) downloadDetails(ctx context.Context, v view, page Paging) (*body[api.DownloadDetails], error) {
	all, err := s.store.Transfers(ctx, v.pkg.ID, string(transferspec.Receive))
	if err != nil {
		return nil, err
	}
	out := api.DownloadDetails{
		TotalCount: len(all), Offset: page.Offset, Limit: page.Limit, Full: []api.Downloader{},
		Parts: []api.Downloader{}, Active: []api.ActiveDownloader{}, All: []api.Download{},
	}
	people := map[int64]api.Downloader{}
	for _, d := range v.downloads {
		who := downloader(d.Account)
		people[d.Account.ID] = who
		if who.Count = d.Completed; d.Completed > 0 {
			out.Full = append(out.Full, who)
		}
		if who.Count = d.Partial; d.Partial > 0 {
			out.Parts = append(out.Parts, who)
		}
	}
	for i, t := range all {
		who := people[t.AccountID.Int64]
		if t.Status == "running" {
			out.Active = append(out.Active, api.ActiveDownloader{Downloader: who,
				ProgressPercentageComplete: text(percent(t.BytesTransferred, t.BytesExpected))})
		}
		if i < page.Offset || i >= page.Offset+page.Limit {
			continue
		}
		kind := "partial"
		if t.WholePackage {
			kind = "full"
		}
		one := api.Download{Downloader: who, IP: t.Address, Type: kind}
		if t.StartedAt.Valid {
			one.Start = stamp(t.StartedAt.Time)
		}
		if t.EndedAt.Valid {
			one.Stop = stamp(t.EndedAt.Time)
		}
		out.All = append(out.All, one)
	}
	return answerWith(out), nil
}

func percent(part, of int64) int64 {
	if of <= 0 {
		return 0
	}
	return min(100, part*100/of)
}

func downloader(a store.Account) api.Downloader {
	return api.Downloader{ID: text(a.ID), Name: a.Name, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email}
}
