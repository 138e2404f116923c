package service

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	nodeapi "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/store"
)

// withdraw has a node refuse the transfer specs that were issued for what the tags name, and end the transfers that run by them. Nodes of
// other makes may not know how; there a spec's short life bounds what it is good for.
func (w *Worker) withdraw(ctx context.Context, node store.Node, client *nodeapi.Client, tags packages.Tags, direction string) error {
	raw, err := tags.Subset()
	if err != nil {
		return err
	}
	err = client.Revoke(ctx, nodeapi.Revocation{Tags: raw, Direction: direction})
	var refused *nodeapi.Error
	if errors.As(err, &refused) && (refused.Status == http.StatusNotFound || refused.Status == http.StatusMethodNotAllowed) {
		w.log.DebugContext(ctx, "node cannot withdraw transfer specs", "node", node.Name)
		return nil
	}
	return err
}

// withdrawAccount withdraws on every node what was issued to an account that may transfer no more. It is tried until the specs would have
// run out by themselves.
func (w *Worker) withdrawAccount(ctx context.Context, job store.Job) error {
	var args store.Withdrawal
	if err := json.Unmarshal([]byte(job.Args), &args); err != nil {
		return errGone
	}
	if job.RetryCount > 0 && w.now().After(args.Queued.Add(packages.SpecLife)) {
		return nil
	}
	nodes, _, err := w.store.Nodes(ctx, "", store.Page{Limit: 10_000})
	if err != nil {
		return err
	}
	var problems []error
	for _, node := range nodes {
		client, err := w.clients.of(node)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for _, account := range w.signer.Accounts(args.AccountID) {
			if err := w.withdraw(ctx, node, client, packages.Tags{Account: account}, args.Direction); err != nil {
				problems = append(problems, err)
			}
		}
	}
	return errors.Join(problems...)
}
