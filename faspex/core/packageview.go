package core

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

// packageOut writes a package for its viewer. Private recipients are the sender's secret, downloads too.
func packageOut(v *view) api.Package {
	p := v.pkg
	out := api.Package{
		ID: text(p.ID), PackageUUID: p.UUID, Type: v.box, Title: p.Title, Note: p.Note,
		Sender: accountOut(p.Sender), Recipients: []api.Recipient{}, PrivateRecipients: []api.Recipient{},
		State: string(p.State), UploadStatus: string(p.UploadStatus),
		Status: string(packages.Show(p.State, p.UploadStatus)), ErrorDesc: p.ErrorDesc,
		ReleasePolicy: p.ReleasePolicy, ReleaseDate: nullStamp(p.ReleaseDate),
		ExpirationPolicy: p.ExpirationPolicy, ExpirationDate: nullStamp(p.ExpirationDate),
		Archived: v.archived(), PreventHTTPDownload: p.PreventHTTPDownload,
		ObfuscationEnabled: p.ObfuscateNames, EARenabled: p.EncryptAtRest,
		Metadata: map[string]json.RawMessage{}, TotalBytes: p.TotalBytes, TotalFiles: p.TotalFiles,
		Downloaders: []api.Downloader{}, ActiveDownloaders: []api.Downloader{},
		DownloadAvailability: "not_available",
		CreatedTime:          stamp(p.CreatedAt), LastModified: stamp(p.UpdatedAt),
		UploadCompletionTime: nullStamp(p.UploadCompletedAt), StorageLocations: []api.StorageLocation{}, Sides: []string{},
	}
	switch {
	case p.MissingSince.Valid:
		out.FilesOnServer = "false"
	case p.State.Downloadable():
		out.DownloadAvailability, out.FilesOnServer = "full", "true"
	case v.thing.OnTheWay:
		out.DownloadAvailability = "partial"
	}
	out.FileProcessingStatus, out.FileProcessingReqd = fileProcessing(p.State)
	if p.DownloadLimit.Valid {
		out.DownloadLimit = &p.DownloadLimit.Int64
	}
	// Written by this program, so they can be read; what could not is left empty.
	if string(p.Metadata) != "{}" {
		_ = json.Unmarshal(p.Metadata, &out.Metadata)
	}
	out.NotifiedOnUpload, out.NotifiedOnDownload, out.NotifiedOnReceipt = names(p.NotifiedOnUpload),
		names(p.NotifiedOnDownload), names(p.NotifiedOnReceipt)
	add := func(r api.Recipient, private bool) {
		switch {
		case !private:
			out.Recipients = append(out.Recipients, r)
		case v.manages:
			out.PrivateRecipients = append(out.PrivateRecipients, r)
		}
		if v.manages {
			out.StorageLocations = append(out.StorageLocations,
				api.StorageLocation{ID: r.ID, Name: p.FolderName, RecipientType: r.RecipientType, ShareID: text(p.SharedFolderID)})
		}
	}
	for i := range v.deliveries {
		if d := &v.deliveries[i]; d.Direct {
			add(recipientOut(d), d.Private)
		}
	}
	for _, g := range v.groups {
		add(groupRecipient(g.Group), v.private[g.ID])
	}
	if v.manages {
		addDownloads(&out, v.downloads)
		out.RecipientsAffected = v.others()
	}
	out.Actions = texts(policy.Actions(v.actor, v.thing))
	if v.thing.Sent {
		out.Sides = append(out.Sides, packages.SideSent)
	}
	if v.thing.Received {
		out.Sides = append(out.Sides, packages.SideReceived)
	}
	return out
}

// archived: the caller took it off the list that it is shown in, or off one of both when it is shown by itself.
func (v *view) archived() bool {
	sent, received := v.thing.Sent && v.thing.SentArchived, v.thing.Received && v.thing.ReceivedArchived
	switch {
	case strings.HasPrefix(v.box, "inbox"):
		return received
	case strings.HasPrefix(v.box, "outbox"), strings.HasPrefix(v.box, "pending"):
		return sent
	}
	return sent || received
}

// others counts the recipients who lose the package when it is deleted for everyone: those who have not
// deleted it, without the caller. A group is one.
func (v *view) others() int {
	n := 0
	for i := range v.deliveries {
		if d := &v.deliveries[i]; d.Direct && !d.Deleted {
			n++
		}
	}
	if v.thing.Received && v.named {
		n--
	}
	return n + len(v.groups)
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = string(v)
	}
	return out
}

func addDownloads(out *api.Package, downloads []store.Downloads) {
	for _, d := range downloads {
		who := downloader(d.Account)
		out.CompletedDownloadCount += d.Completed
		out.CompletedPartialDownloadCount += d.Partial
		out.ActiveDownloadCount += d.Active
		if d.Active > 0 {
			out.ActiveDownloaders = append(out.ActiveDownloaders, who)
		}
		if d.Completed > 0 {
			who.Count = d.Completed
			out.Downloaders = append(out.Downloaders, who)
		}
	}
}

func recipientOut(d *store.Delivery) api.Recipient {
	a := &d.Recipient
	status := "active"
	switch a.Status {
	case store.AccountActive:
	case store.AccountDeleted:
		status = "deleted"
	default:
		status = "inactive"
	}
	return api.Recipient{ID: text(a.ID), Name: a.Name, FirstName: a.FirstName, LastName: a.LastName, Email: a.Email,
		RecipientType: d.RecipientType, Status: status, Archived: d.Archived}
}

func groupRecipient(g store.Group) api.Recipient {
	status := "active"
	if g.Deleted {
		status = "deleted"
	}
	return api.Recipient{ID: text(g.ID), Name: g.Name, RecipientType: g.Kind, Status: status}
}

func names(raw json.RawMessage) []api.Notified {
	out := []api.Notified{}
	if len(raw) == 0 || string(raw) == "[]" {
		return out
	}
	_ = json.Unmarshal(raw, &out) // written by this program
	return out
}

// uploadDetails tells the progress of an upload at a time.
func uploadDetails(p store.Package, now time.Time) api.UploadDetails {
	d := api.UploadDetails{UploadStatus: string(p.UploadStatus), BytesWritten: text(p.BytesWritten),
		BytesTotal:         text(p.TotalBytes),
		PercentageComplete: "0", TimeRemaining: "0", TimeElapsed: "0", AverageRate: "0"}
	if p.UploadStatus == packages.UploadCompleted {
		d.PercentageComplete = "100"
	} else if p.TotalBytes > 0 {
		d.PercentageComplete = strconv.FormatInt(min(99, p.BytesWritten*100/p.TotalBytes), 10)
	}
	if !p.UploadStartedAt.Valid {
		return d
	}
	end := now
	d.StartTime = stamp(p.UploadStartedAt.Time)
	if p.UploadCompletedAt.Valid {
		end = p.UploadCompletedAt.Time
		d.CompletionTime = stamp(end)
	}
	elapsed := max(end.Sub(p.UploadStartedAt.Time), 0)
	d.TimeElapsed = strconv.FormatInt(int64(elapsed.Seconds()), 10)
	if ms := elapsed.Milliseconds(); ms > 0 && p.BytesWritten > 0 {
		d.AverageRate = strconv.FormatInt(p.BytesWritten*8/ms, 10)
		if p.UploadStatus == packages.UploadTransferring {
			left := float64(max(p.TotalBytes-p.BytesWritten, 0)) / float64(p.BytesWritten) * elapsed.Seconds()
			d.TimeRemaining = strconv.FormatInt(int64(left+0.5), 10)
		}
	}
	return d
}
