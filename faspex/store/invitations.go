package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Invitation lets somebody send packages to a user or a shared inbox without a login.
type Invitation struct {
	ID          int64
	UUID        string
	Public      bool // asked for by a submission link
	OwnerID     int64
	GroupID     int64
	Email       string
	AccountID   int64 // the external user who sends with it; 0 before it was opened
	Description string
	Once        bool
	Hours       int // after each mail that it is good; 0 when ExpiresAt was chosen, or for ever
	ExpiresAt   sql.NullTime
	PreventHTTP bool
	UsedAt      sql.NullTime // since when a package that was sent with it is whole
	InvitedAt   time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
	// OwnerName and GroupName are the login of the owner and the name of the group, OwnerFull how people call the owner.
	OwnerName, OwnerFull, GroupName string
}

// Over reports whether an invitation has ended: by its time, or by a package.
func (i Invitation) Over(now time.Time) bool {
	return i.ExpiresAt.Valid && !now.Before(i.ExpiresAt.Time) || i.Once && i.UsedAt.Valid
}

const invitationColumns = `i.id, i.uuid, i.public, COALESCE(i.owner_id, 0), COALESCE(i.group_id, 0), i.email, COALESCE(i.account_id, 0), i.description,
	i.once, COALESCE(i.hours, 0), i.expires_at, i.prevent_http, i.used_at, i.invited_at, i.created_at, i.updated_at, COALESCE(o.name, ''),
	COALESCE(NULLIF(TRIM(CONCAT(o.first_name, ' ', o.last_name)), ''), o.name, ''), COALESCE(g.name, '')`

// invitationFrom leaves out what was for somebody, or for an inbox, that is gone.
const invitationFrom = ` FROM invitations i LEFT JOIN accounts o ON o.id = i.owner_id LEFT JOIN recipient_groups g ON g.id = i.group_id
	WHERE (i.owner_id IS NULL OR o.deleted_at IS NULL) AND (i.group_id IS NULL OR g.alive = 1)`

func scanInvitation(r rower) (i Invitation, err error) {
	return i, r.Scan(&i.ID, &i.UUID, &i.Public, &i.OwnerID, &i.GroupID, &i.Email, &i.AccountID, &i.Description, &i.Once, &i.Hours,
		&i.ExpiresAt, &i.PreventHTTP, &i.UsedAt, &i.InvitedAt, &i.CreatedAt, &i.UpdatedAt, &i.OwnerName, &i.OwnerFull, &i.GroupName)
}

// Invitation reads one invitation.
func (s *Store) Invitation(ctx context.Context, id int64) (Invitation, error) {
	i, err := scanInvitation(s.db.QueryRowContext(ctx, `SELECT `+invitationColumns+invitationFrom+` AND i.id = ?`, id))
	if err != nil {
		return i, fmt.Errorf("read invitation %d: %w", id, classify(err))
	}
	return i, nil
}

// InvitationByUUID reads the invitation of a link.
func (s *Store) InvitationByUUID(ctx context.Context, uuid string) (Invitation, error) {
	i, err := scanInvitation(s.db.QueryRowContext(ctx, `SELECT `+invitationColumns+invitationFrom+` AND i.uuid = ?`, uuid))
	if err != nil {
		return i, fmt.Errorf("read invitation: %w", classify(err))
	}
	return i, nil
}

// InvitationFilter narrows a list of invitations.
type InvitationFilter struct {
	OwnerID int64 // personal ones of an account
	GroupID int64 // those of a shared inbox
	Query   string
}

// Invitations lists what somebody made, the newest first, and counts all that match. Public ones are on no list.
func (s *Store) Invitations(ctx context.Context, f InvitationFilter, p Page) ([]Invitation, int, error) {
	w := where{}
	w.and(`NOT i.public`)
	if f.GroupID != 0 {
		w.and(`i.group_id = ?`, f.GroupID)
	} else {
		w.and(`i.owner_id = ? AND i.group_id IS NULL`, f.OwnerID)
	}
	if f.Query != "" {
		w.and(`i.email LIKE ?`, "%"+likeEscape(f.Query)+"%")
	}
	conds := ` AND ` + w.sql()[len(` WHERE `):]
	var total int
	if err := s.db.QueryRowContext(ctx, `SELECT COUNT(*)`+invitationFrom+conds, w.args...).Scan(&total); err != nil {
		return nil, 0, fmt.Errorf("count invitations: %w", err)
	}
	list, err := collect(ctx, s.db, scanInvitation, `SELECT `+invitationColumns+invitationFrom+conds+
		` ORDER BY i.id DESC LIMIT ? OFFSET ?`, append(w.args, p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, fmt.Errorf("list invitations: %w", err)
	}
	return list, total, nil
}

// CreateInvitation stores an invitation with the order of its mail, and gives its id.
func (s *Store) CreateInvitation(ctx context.Context, i Invitation, mailed func(id int64) Order) (id int64, err error) {
	err = s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `INSERT INTO invitations (uuid, public, owner_id, group_id, email, description, once, hours,
			expires_at, prevent_http, invited_at) VALUES (?, ?, NULLIF(?, 0), NULLIF(?, 0), ?, ?, ?, NULLIF(?, 0), ?, ?, ?)`,
			i.UUID, i.Public, i.OwnerID, i.GroupID, i.Email, i.Description, i.Once, i.Hours, i.ExpiresAt, i.PreventHTTP,
			i.InvitedAt)
		if err != nil {
			return err
		}
		if id, err = res.LastInsertId(); err != nil {
			return err
		}
		return putOrders(ctx, tx, []Order{mailed(id)})
	})
	if err != nil {
		return 0, fmt.Errorf("create invitation: %w", classify(err))
	}
	return id, nil
}

// UpdateInvitation writes what may be changed of an invitation.
func (s *Store) UpdateInvitation(ctx context.Context, i Invitation) error {
	if _, err := s.db.ExecContext(ctx, `UPDATE invitations SET description = ?, once = ?, hours = NULLIF(?, 0), expires_at = ?,
		prevent_http = ? WHERE id = ?`, i.Description, i.Once, i.Hours, i.ExpiresAt, i.PreventHTTP, i.ID); err != nil {
		return fmt.Errorf("update invitation %d: %w", i.ID, err)
	}
	return nil
}

// ResendInvitation orders the mail of an invitation again. Hours count from now on.
func (s *Store) ResendInvitation(ctx context.Context, id int64, now time.Time, mailed Order) error {
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `UPDATE invitations SET invited_at = ?,
			expires_at = IF(hours IS NULL, expires_at, DATE_ADD(?, INTERVAL hours HOUR)) WHERE id = ?`, now, now, id)
		if err == nil {
			err = oneRow(res, "resend invitation", id)
		}
		if err != nil {
			return err
		}
		return putOrders(ctx, tx, []Order{mailed})
	})
	if err != nil {
		return fmt.Errorf("resend invitation %d: %w", id, err)
	}
	return nil
}

// DeleteInvitation ends an invitation.
func (s *Store) DeleteInvitation(ctx context.Context, id int64) error {
	res, err := s.db.ExecContext(ctx, `DELETE FROM invitations WHERE id = ?`, id)
	if err != nil {
		return fmt.Errorf("delete invitation %d: %w", id, err)
	}
	return oneRow(res, "delete invitation", id)
}

// CountPublicInvitations counts those that were asked for by a submission link since a time.
func (s *Store) CountPublicInvitations(ctx context.Context, ownerID, groupID int64, email string,
	since time.Time) (all, ofAddress int, err error) {
	err = s.db.QueryRowContext(ctx, `SELECT COUNT(*), COALESCE(SUM(email = ?), 0) FROM invitations
		WHERE public AND COALESCE(owner_id, 0) = ? AND COALESCE(group_id, 0) = ? AND created_at >= ?`, email, ownerID, groupID,
		since).Scan(&all, &ofAddress)
	if err != nil {
		return 0, 0, fmt.Errorf("count public invitations: %w", err)
	}
	return all, ofAddress, nil
}

// GuestOf gives the external user who sends with an invitation. It is the one with its address, or a new one. Where the
// address belongs to an account, it is one of the invitation's own: whoever follows a link is not that account.
func (s *Store) GuestOf(ctx context.Context, i Invitation) (Account, error) {
	a, err := s.guestOf(ctx, i)
	if errors.Is(err, ErrConflict) { // opened twice at one moment
		a, err = s.guestOf(ctx, i)
	}
	return a, err
}

func (s *Store) guestOf(ctx context.Context, i Invitation) (Account, error) {
	id := i.AccountID
	if id == 0 {
		err := s.inTx(ctx, func(tx *sql.Tx) error {
			err := tx.QueryRowContext(ctx, `SELECT COALESCE(account_id, 0) FROM invitations WHERE id = ? FOR UPDATE`, i.ID).Scan(&id)
			if err != nil || id != 0 {
				return err
			}
			if id, err = externalOf(ctx, tx, i.Email); errors.Is(err, sql.ErrNoRows) {
				id, err = insertGuest(ctx, tx, i)
			}
			if err != nil {
				return err
			}
			_, err = tx.ExecContext(ctx, `UPDATE invitations SET account_id = ? WHERE id = ?`, id, i.ID)
			return err
		})
		if err != nil {
			return Account{}, fmt.Errorf("make the guest of invitation %d: %w", i.ID, classify(err))
		}
	}
	return s.Account(ctx, id)
}

func insertGuest(ctx context.Context, tx *sql.Tx, i Invitation) (int64, error) {
	guest := Account{Name: i.Email, Email: i.Email, Role: RoleUser, Type: TypeExternal, Status: AccountActive,
		DownloadsAllowed: true}
	var taken bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM account_logins WHERE login = ?)`, i.Email).
		Scan(&taken); err != nil || !taken {
		if err != nil {
			return 0, err
		}
		return insertAccount(ctx, tx, guest)
	}
	guest.Name = i.Email + "#" + i.UUID // no login is claimed: nobody finds the guest by the address
	return insertAccountRow(ctx, tx, guest)
}

// useInvitation notes that a package that was sent with an invitation is whole: only then is the invitation used
// (faspex-M7).
func useInvitation(ctx context.Context, tx *sql.Tx, packageID int64) error {
	_, err := tx.ExecContext(ctx, `UPDATE invitations i JOIN packages p ON p.invitation_id = i.id
		SET i.used_at = COALESCE(i.used_at, UTC_TIMESTAMP(3)) WHERE p.id = ?`, packageID)
	return err
}
