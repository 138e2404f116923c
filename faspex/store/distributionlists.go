package store

import (
	"context"
	"database/sql"
	"fmt"
)

// DistributionList names people to send to. OwnerID is 0 for one that is everybody's.
type DistributionList struct {
	ID       int64
	OwnerID  int64
	Name     string
	Contacts []ListContact
}

// ListContact is somebody on a list, by login or e-mail address.
type ListContact struct {
	ID     int64
	ListID int64
	Name   string
	Label  string // what the list calls them
	// Account is who has the name now, as others see it; its ID is 0 for nobody.
	Account Account
}

func scanList(r rower) (l DistributionList, err error) {
	return l, r.Scan(&l.ID, &l.OwnerID, &l.Name)
}

// DistributionLists lists the lists of some owners whose name has a part, by name, with their contacts.
func (s *Store) DistributionLists(ctx context.Context, query string, owners ...int64) ([]DistributionList, error) {
	w := where{}
	whereIn(&w, `owner_id`, owners)
	w.and(`name LIKE ?`, "%"+likeEscape(query)+"%")
	return s.distributionLists(ctx, w)
}

// DistributionList reads one list.
func (s *Store) DistributionList(ctx context.Context, id int64) (DistributionList, error) {
	w := where{}
	w.and(`id = ?`, id)
	found, err := s.distributionLists(ctx, w)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("read distribution list %d: %w", id, ErrNotFound)
	}
	if err != nil {
		return DistributionList{}, err
	}
	return found[0], nil
}

func (s *Store) distributionLists(ctx context.Context, w where) ([]DistributionList, error) {
	lists, err := collect(ctx, s.db, scanList, `SELECT id, owner_id, name FROM distribution_lists`+w.sql()+` ORDER BY name, id`,
		w.args...)
	if err != nil {
		return nil, fmt.Errorf("list distribution lists: %w", err)
	}
	if len(lists) == 0 {
		return lists, nil
	}
	at, ids := map[int64]int{}, make([]int64, len(lists))
	for i, l := range lists {
		at[l.ID], ids[i] = i, l.ID
	}
	in := where{}
	whereIn(&in, `c.list_id`, ids)
	contacts, err := collect(ctx, s.db, func(r rower) (c ListContact, err error) {
		a := &c.Account
		return c, r.Scan(&c.ID, &c.ListID, &c.Name, &c.Label, &a.ID, &a.Name, &a.FirstName, &a.LastName, &a.Email, &a.Type)
	}, `SELECT c.id, c.list_id, c.name, c.label, COALESCE(a.id, 0), COALESCE(a.name, ''), COALESCE(a.first_name, ''),
		COALESCE(a.last_name, ''), COALESCE(a.email, ''), COALESCE(a.type, '')
		FROM distribution_list_contacts c LEFT JOIN account_logins l ON l.login = c.name LEFT JOIN accounts a ON a.id = l.account_id`+
		in.sql()+` ORDER BY c.id`, in.args...)
	if err != nil {
		return nil, fmt.Errorf("list contacts of distribution lists: %w", err)
	}
	for _, c := range contacts {
		l := &lists[at[c.ListID]]
		l.Contacts = append(l.Contacts, c)
	}
	return lists, nil
}

// CreateDistributionList stores a list and gives its id. ErrConflict when its owner has one of that name.
func (s *Store) CreateDistributionList(ctx context.Context, l DistributionList) (id int64, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO distribution_lists (owner_id, name) VALUES (?, ?)`, l.OwnerID, l.Name)
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		return putContacts(ctx, tx, id, l.Contacts)
	})
	if err != nil {
		return 0, fmt.Errorf("create distribution list: %w", classify(err))
	}
	return id, nil
}

// UpdateDistributionList writes the name of a list and, unless they are nil, its contacts: those that stay keep their ids.
func (s *Store) UpdateDistributionList(ctx context.Context, l DistributionList) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE distribution_lists SET name = ? WHERE id = ?`, l.Name, l.ID)
		if err == nil {
			err = oneRow(res, "update distribution list", l.ID)
		}
		if err != nil || l.Contacts == nil {
			return err
		}
		w := where{}
		w.and(`list_id = ?`, l.ID)
		for _, c := range l.Contacts {
			w.and(`name <> ?`, c.Name)
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM distribution_list_contacts`+w.sql(), w.args...); err != nil {
			return err
		}
		return putContacts(ctx, tx, l.ID, l.Contacts)
	})
	if err != nil {
		return fmt.Errorf("update distribution list %d: %w", l.ID, classify(err))
	}
	return nil
}

func putContacts(ctx context.Context, tx *sql.Tx, list int64, contacts []ListContact) error {
	for _, c := range contacts {
		if _, err := tx.ExecContext(ctx, `INSERT INTO distribution_list_contacts (list_id, name, label) VALUES (?, ?, ?)
			ON DUPLICATE KEY UPDATE label = VALUES(label)`, list, c.Name, c.Label); err != nil {
			return err
		}
	}
	return nil
}

// AddContacts adds people to a list; one who is there gets the label.
func (s *Store) AddContacts(ctx context.Context, list int64, contacts []ListContact) error {
	if err := s.inTx(ctx, func(tx *sql.Tx) error { return putContacts(ctx, tx, list, contacts) }); err != nil {
		return fmt.Errorf("add to distribution list %d: %w", list, classify(err))
	}
	return nil
}

// DeleteContact takes somebody off a list.
func (s *Store) DeleteContact(ctx context.Context, list, id int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM distribution_list_contacts WHERE list_id = ? AND id = ?`, list, id)
	if err != nil {
		return fmt.Errorf("take somebody off distribution list %d: %w", list, err)
	}
	return oneRow(res, "take somebody off distribution list", list)
}

// DeleteDistributionList removes a list.
func (s *Store) DeleteDistributionList(ctx context.Context, id int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM distribution_lists WHERE id = ?`, id)
	if err != nil {
		return fmt.Errorf("delete distribution list %d: %w", id, err)
	}
	return oneRow(res, "delete distribution list", id)
}
