package store

import (
	"context"
	"fmt"
	"time"
)

const (
	// rateStep is the time that one recorded rate is for.
	rateStep = 10 * time.Second
	// keepRates is how long they are kept.
	keepRates = 24 * time.Hour
	// maxRatePoints and maxRatedTransfers bound an answer.
	maxRatePoints     = 360
	maxRatedTransfers = 1000
)

// RatePoint is how fast a transfer was in the time that ends at Sec, in seconds since 1970.
type RatePoint struct {
	Sec  int64
	Kbps int64
}

// TransferRates are the rates of one transfer, oldest first.
type TransferRates struct {
	TransferID string
	In         bool // to the node
	Points     []RatePoint
}

// sample is the rate of a session since its last one, when the time for another has come. The last one of a session that
// ends is the mean of the whole step that it ends in, so that short ones are seen too.
func (r *recording) sample(now time.Time, ends bool) (at int64, kbps int64, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	step := int64(rateStep / time.Second)
	at = now.Unix() / step * step
	if r.sampled.IsZero() {
		r.sampled = time.UnixMicro(r.startedUsec)
		r.sampledAt = r.sampled.Unix() / step * step
	}
	seconds := now.Sub(r.sampled).Seconds()
	if ends {
		at, seconds = at+step, max(seconds, rateStep.Seconds())
	}
	if at <= r.sampledAt || seconds <= 0 {
		return 0, 0, false
	}
	kbps = int64(float64(r.progress.BytesTransferred-r.sampledBytes) * 8 / 1000 / seconds)
	r.sampledAt, r.sampled, r.sampledBytes = at, now, r.progress.BytesTransferred
	return at, max(kbps, 0), true
}

func (s *Store) writeRate(ctx context.Context, rec *recording, at, kbps int64) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_, err := s.db.ExecContext(ctx, "REPLACE INTO session_rates (session_id, at_sec, transfer_id, kbps) VALUES (?, ?, ?, ?)",
		rec.transfer.SessionID, at, rec.transfer.TransferID, kbps)
	if err != nil {
		return fmt.Errorf("record rate: %w", err)
	}
	return nil
}

// Rates are the recorded rates of transfers between two times, at most 360 points for each transfer: over a longer time
// a point is the mean of several. The filter's revision and limit are not looked at.
func (s *Store) Rates(ctx context.Context, f TransferFilter, from, to time.Time) ([]TransferRates, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	step := int64(rateStep / time.Second)
	if seconds := int64(to.Sub(from) / time.Second); seconds > step*maxRatePoints {
		step *= (seconds + step*maxRatePoints - 1) / (step * maxRatePoints)
	}
	condition, args := f.conditions()
	query := `SELECT transfer_id, job_in, MAX(at_sec), CAST(AVG(kbps) AS SIGNED) FROM (
		SELECT r.transfer_id, ` + incoming + ` AS job_in, r.at_sec, SUM(r.kbps) AS kbps FROM session_rates r
		JOIN (SELECT * FROM transfers WHERE TRUE` + condition + `) t ON t.id = r.transfer_id
		WHERE r.at_sec > ? AND r.at_sec <= ? GROUP BY r.transfer_id, r.at_sec) each_time
		GROUP BY transfer_id, (at_sec - ? - 1) DIV ? ORDER BY transfer_id, 3 LIMIT ?`
	args = append(args, from.Unix(), to.Unix(), from.Unix(), step, maxRatePoints*maxRatedTransfers)
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("read rates: %w", err)
	}
	defer rows.Close()
	var all []TransferRates
	for rows.Next() {
		var t TransferRates
		var p RatePoint
		if err := rows.Scan(&t.TransferID, &t.In, &p.Sec, &p.Kbps); err != nil {
			return nil, fmt.Errorf("read rates: %w", err)
		}
		if len(all) == 0 || all[len(all)-1].TransferID != t.TransferID {
			all = append(all, t)
		}
		last := &all[len(all)-1]
		last.Points = append(last.Points, p)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read rates: %w", err)
	}
	return all, nil
}
