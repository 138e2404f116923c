package service

import (
	"context"
	"time"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// overQuota is what a sender is told whose upload was stopped.
const overQuota = "The upload was stopped and the package deleted: it is larger than what your account may still send."

// stopOverQuota stops an upload that is larger than what its sender may still send, by the size that the sender
// announced or by what was written, and deletes the package. It reports whether it did.
func (w *Worker) stopOverQuota(ctx context.Context, node store.Node, p store.Package, t nodeapi.Transfer,
	upload store.Upload) (bool, error) {
	if upload.Status != packages.UploadTransferring || p.State != packages.Held {
		return false, nil
	}
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil {
		return false, err
	}
	sender, err := w.store.Account(ctx, p.Sender.ID)
	if err != nil {
		return false, err
	}
	options, err := settings.ReadAccount(sender.Options)
	if err != nil {
		return false, err
	}
	q := c.QuotaOf(options.Account, sender.Email)
	if !q.On {
		return false, nil
	}
	counts, err := w.counts(ctx, p, q)
	if err != nil || !counts {
		return false, err
	}
	sent, _, err := w.store.SentSince(ctx, sender.ID, p.ID, w.now().Add(-time.Duration(q.Hours)*time.Hour), q.Exempt)
	if err != nil || sent+max(upload.TotalBytes, upload.BytesWritten) <= q.Bytes {
		return false, err
	}
	client, err := w.clients.of(node)
	if err == nil {
		err = client.CancelTransfer(ctx, t.ID)
	}
	if err != nil && !nodeapi.IsNotFound(err) {
		return false, err
	}
	upload.Status, upload.ErrorDesc = packages.UploadError, overQuota
	if _, err := w.store.RecordUpload(ctx, p.ID, upload); err != nil {
		return false, err
	}
	_, err = w.move(ctx, p, packages.HeldToDeleted)
	return true, err
}

// counts reports whether a package counts for a quota: somebody whom it goes to is in no exempt domain.
func (w *Worker) counts(ctx context.Context, p store.Package, q settings.Quota) (bool, error) {
	groups, err := w.store.PackageGroups(ctx, p.ID)
	if err != nil || len(groups[p.ID]) > 0 {
		return true, err
	}
	deliveries, err := w.store.Deliveries(ctx, p.ID)
	for _, d := range deliveries[p.ID] {
		if !settings.InDomains(d.Recipient.Email, q.Exempt) {
			return true, err
		}
	}
	return false, err
}
