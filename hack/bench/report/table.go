package report

import (
	"fmt"
	"io"
	"strings"
)

// Table writes medians as a Markdown table that is also readable as it is. Columns without a figure are left out.
func Table(w io.Writer, medians []Row) error {
	all := []struct {
		title string
		cell  func(Row) string
	}{
		{"scenario", func(r Row) string { return r.Scenario }},
		{"flow", func(r Row) string { return r.Flow }},
		{"Mbit/s", func(r Row) string { return figure("%.1f", r.Mbps) }},
		{"share", func(r Row) string { return figure("%.3f", r.Share) }},
		{"limit", func(r Row) string { return figure("%.3f", r.Limit) }},
		{"bar", func(r Row) string { return figure("%.3f", r.Bar) }},
		{"", verdict},
		{"sent", func(r Row) string { return figure("%.3f", r.Sent) }},
		{"queue ms", func(r Row) string { return figure("%.1f", r.QueueMs) }},
		{"cpu s/GB sender", func(r Row) string { return figure("%.2f", r.SenderCPU) }},
		{"receiver", func(r Row) string { return figure("%.2f", r.ReceiverCPU) }},
		{"handshake s", func(r Row) string { return figure("%.3f", r.Handshake) }},
		{"MiB", func(r Row) string { return figure("%.0f", r.MemoryMiB) }},
		{"others", func(r Row) string { return figure("%.0f %%", 100*r.Others) }},
		{"runs", func(r Row) string { return fmt.Sprint(r.Run) }},
		{"note", func(r Row) string { return r.Note }},
	}
	cells := make([][]string, len(medians)+1)
	for _, c := range all {
		column, empty := []string{c.title}, true
		for _, m := range medians {
			text := strings.ReplaceAll(c.cell(m), "|", "\\|")
			empty = empty && text == ""
			column = append(column, text)
		}
		if empty {
			continue
		}
		width := 0
		for _, text := range column {
			width = max(width, len(text))
		}
		for i, text := range column {
			cells[i] = append(cells[i], fmt.Sprintf("%-*s", width, text))
		}
	}
	for i, line := range cells {
		if _, err := fmt.Fprintf(w, "| %s |\n", strings.Join(line, " | ")); err != nil {
			return err
		}
		if i == 0 {
			if _, err := fmt.Fprintln(w, "|"+strings.Repeat("---|", len(line))); err != nil {
				return err
			}
		}
	}
	return nil
}

func figure(format string, v float64) string {
	if v == 0 {
		return ""
	}
	return fmt.Sprintf(format, v)
}

func verdict(r Row) string {
	switch {
	case r.Bar == 0:
		return ""
	case r.Share >= r.Bar:
		return "ok"
	}
	return "MISSED"
}
