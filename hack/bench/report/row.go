// Package report keeps what was measured: a CSV of all runs, a Markdown table of medians, and the plot of a table. It
// knows columns, not what they were measured with.
package report

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
)

// Row is one run. Figures that a flow does not have are 0.
type Row struct {
	Scenario, Flow string
	Run            int
	Mbps           float64 // goodput
	Share          float64 // of the link
	Limit          float64 // the largest share that is possible
	Bar            float64 // the least share that is asked for
	Sent           float64 // bytes sent per byte delivered
	QueueMs        float64 // mean queueing delay at the bottleneck
	SenderCPU      float64 // seconds per gigabyte
	ReceiverCPU    float64
	Handshake      float64 // seconds
	MemoryMiB      float64 // of the larger end
	Others         float64 // part of the machine that others used meanwhile
	Note           string
}

var columns = []string{"scenario", "flow", "run", "mbps", "share", "limit", "bar", "sent", "queue_ms",
	"sender_cpu_s_per_gb", "receiver_cpu_s_per_gb",
	"handshake_s", "memory_mib", "others", "note"}

func (r *Row) figures() []*float64 {
	return []*float64{&r.Mbps, &r.Share, &r.Limit, &r.Bar, &r.Sent, &r.QueueMs, &r.SenderCPU, &r.ReceiverCPU, &r.Handshake,
		&r.MemoryMiB, &r.Others}
}

func (r Row) fields() []string {
	out := []string{r.Scenario, r.Flow, strconv.Itoa(r.Run)}
	for _, f := range r.figures() {
		out = append(out, strconv.FormatFloat(*f, 'f', 4, 64))
	}
	return append(out, r.Note)
}

func parse(fields []string) (Row, error) {
	if len(fields) != len(columns) {
		return Row{}, fmt.Errorf("%d columns instead of %d", len(fields), len(columns))
	}
	r := Row{Scenario: fields[0], Flow: fields[1], Note: fields[len(fields)-1]}
	var err error
	if r.Run, err = strconv.Atoi(fields[2]); err != nil {
		return r, err
	}
	for i, f := range r.figures() {
		if *f, err = strconv.ParseFloat(fields[3+i], 64); err != nil {
			return r, err
		}
	}
	return r, nil
}

// Read reads a CSV file that Write wrote; one that does not exist has no rows.
func Read(name string) ([]Row, error) {
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var rows []Row
	for i, line := range lines {
		if i == 0 {
			continue
		}
		r, err := parse(line)
		if err != nil {
			return nil, fmt.Errorf("read %s, line %d: %w", name, i+1, err)
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// Write writes a CSV file.
func Write(name string, rows []Row) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	w := csv.NewWriter(f)
	lines := [][]string{columns}
	for _, r := range rows {
		lines = append(lines, r.fields())
	}
	if err := w.WriteAll(lines); err != nil {
		return err
	}
	return f.Close()
}

// Medians picks of all runs of a flow in a scenario the one with the median goodput, in the order of their first runs.
func Medians(rows []Row) []Row {
	type key struct{ scenario, flow string }
	groups := map[key][]Row{}
	var order []key
	for _, r := range rows {
		k := key{r.Scenario, r.Flow}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], r)
	}
	var out []Row
	for _, k := range order {
		group := groups[k]
		slices.SortStableFunc(group, func(a, b Row) int {
			switch {
			case a.Mbps < b.Mbps:
				return -1
			case a.Mbps > b.Mbps:
				return 1
			}
			return 0
		})
		m := group[(len(group)-1)/2]
		m.Run = len(group)
		out = append(out, m)
	}
	return out
}
