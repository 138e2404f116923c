package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// WithdrawAccountMethod is the job that withdraws the transfer specs of an account.
const WithdrawAccountMethod = "withdraw_account"

// Withdrawal are the arguments of that job.
type Withdrawal struct {
	AccountID string    `json:"account_id"`
	Direction string    `json:"direction"` // send, receive, or empty for both
	Queued    time.Time `json:"queued"`
}

// QueueWithdrawal has the service withdraw what was issued to an account. One that is queued, at work or done already is done again.
func (s *Store) QueueWithdrawal(ctx context.Context, w Withdrawal) error {
	args, err := json.Marshal(w)
	if err != nil {
		return fmt.Errorf("encode withdrawal: %w", err)
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO jobs (method_name, job_name, job_type, reference_uuid, serialized_args, next_availability, error_desc)
		VALUES (?, 'Withdraw the transfer specs of an account', 'background', ?, ?, ?, '')
		ON DUPLICATE KEY UPDATE status = 'queued', retry_count = 0, worker_id = '', claimed_until = NULL, serialized_args = VALUES(serialized_args),
			next_availability = VALUES(next_availability)`, WithdrawAccountMethod, w.AccountID+":"+w.Direction, string(args), w.Queued)
	if err != nil {
		return fmt.Errorf("queue withdrawal for account %s: %w", w.AccountID, err)
	}
	return nil
}
