package service

import (
	"context"
	"errors"

	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// keepEvents is how many days application events are kept.
const keepEvents = 365

// rest deactivates and removes users who did not log in for as long as the configuration says, and never admins. What a
// removed user sent goes to the oldest admin.
func (w *Worker) rest(ctx context.Context, _ store.Job) error {
	c, err := settings.ReadConfiguration(ctx, w.store)
	if err != nil {
		return err
	}
	since := func(days int) func(saml, activeOnly bool) ([]int64, error) {
		return func(saml, activeOnly bool) ([]int64, error) {
			return w.store.InactiveUsers(ctx, w.now().AddDate(0, 0, -days), saml, activeOnly)
		}
	}
	var problems []error
	if c.DeactivateInactiveUsers {
		problems = append(problems, each(since(c.UserDeactivationInactiveDays), false, true,
			func(id int64) error { return w.store.Deactivate(ctx, id) }))
	}
	if c.DeactivateInactiveUsers && c.RemoveInactiveUsers {
		problems = append(problems, each(since(c.UserRemovalInactiveDays), false, false, w.removeUser(ctx)))
	}
	if c.RemoveInactiveSamlUsers {
		problems = append(problems, each(since(c.SamlUserRemovalInactiveDays), true, false, w.removeUser(ctx)))
	}
	destroyed := func(bool, bool) ([]int64, error) { return w.store.Destroyed(ctx, w.now()) }
	problems = append(problems, each(destroyed, false, false, w.removeUser(ctx)))
	return errors.Join(append(problems, w.store.PurgeApplicationEvents(ctx, w.now().AddDate(0, 0, -keepEvents)))...)
}

func (w *Worker) removeUser(ctx context.Context) func(int64) error {
	return func(id int64) error {
		admin, err := w.store.FirstAdmin(ctx)
		if err != nil {
			return err
		}
		w.log.InfoContext(ctx, "removing a user who did not log in for long, or whose date has come", "account", id)
		return w.store.DeleteAccount(ctx, id, admin)
	}
}

// each does something to every user of a list; one that fails keeps no other from it.
func each(list func(saml, activeOnly bool) ([]int64, error), saml, activeOnly bool, do func(int64) error) error {
	ids, err := list(saml, activeOnly)
	problems := []error{err}
	for _, id := range ids {
		if err := do(id); !errors.Is(err, store.ErrNotFound) {
			problems = append(problems, err)
		}
	}
	return errors.Join(problems...)
}
