package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"

	"faspex.io/operator/dataplane/config"
	"faspex.io/operator/dataplane/nodeusers"
	"faspex.io/operator/dataplane/store"
)

// followNodeUsers keeps the users that files declare in the database until ctx ends. All nodes do so. A folder that has
// not changed is not written again: a node whose files are older than those of another must not undo its work.
func (n *node) followNodeUsers(ctx context.Context) {
	var kept *nodeusers.Folder
	follow := func() error {
		found, err := n.declaredUsers()
		if err != nil {
			return err
		}
		if kept != nil && reflect.DeepEqual(*kept, found) {
			return badUsers(found)
		}
		kept = nil // What can't be written whole may be written in part.
		if err := n.writeNodeUsers(ctx, found); err != nil {
			return errors.Join(err, badUsers(found))
		}
		kept = &found
		return badUsers(found)
	}
	if err := follow(); err != nil {
		n.log.Error("not all node users of files can be kept, will go on trying", "error", err)
	}
	config.Watch(ctx, "node users", n.log, follow)
}

// declaredUsers are none without a folder: then those that there were are removed.
func (n *node) declaredUsers() (nodeusers.Folder, error) {
	if n.cfg.NodeUsers.Folder == "" {
		return nodeusers.Folder{}, nil
	}
	return nodeusers.Read(n.cfg.NodeUsers.Folder)
}

// badUsers says which files can't be used. Their users stay as they were.
func badUsers(found nodeusers.Folder) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(found.Bad)) {
		errs = append(errs, fmt.Errorf("file of node user %s can't be used, the user stays as before: %w", name,
			found.Bad[name]))
	}
	return errors.Join(errs...)
}

// writeNodeUsers fails for users that can't be kept, and then is tried again: what is in the way of one, such as an
// access key of the same name, may go.
func (n *node) writeNodeUsers(ctx context.Context, found nodeusers.Folder) error {
	users := make([]store.ManagedUser, 0, len(found.Users))
	var errs []error
	for _, u := range found.Users {
		if u.Name == n.secrets.NodeUser().Username {
			errs = append(errs, fmt.Errorf("node user %s: the name is that of the node's own user", u.Name))
			continue
		}
		users = append(users, store.ManagedUser{
			NodeUser: store.NodeUser{Name: u.Name, TransferUser: u.TransferUser, Docroot: u.Docroot,
				Restrictions: u.Restrictions},
			Password: u.Password,
		})
	}
	errs = append(errs, n.store.SyncNodeUsers(ctx, n.cfg.NodeUsers.Manager(), users,
		slices.Collect(maps.Keys(found.Bad))))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	n.log.Info("node users of files are kept", "users", len(users))
	return nil
}
