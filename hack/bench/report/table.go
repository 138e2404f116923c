package report

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
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

// Book collects the rows of one program's measurements in a folder.
type Book struct {
	folder, name, plot string
	rows               []Row
}

// NewBook makes a book; with again the rows of its former use are kept. plot is the program that draws, "" for none.
func NewBook(folder, name, plot string, again bool) (*Book, error) {
	b := &Book{folder: folder, name: name, plot: plot}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	if !again {
		return b, nil
	}
	var err error
	b.rows, err = Read(b.file("-runs.csv"))
	return b, err
}

func (b *Book) file(suffix string) string { return filepath.Join(b.folder, b.name+suffix) }

// Add adds a run and writes the files, so that an interrupted measurement has not been for nothing.
func (b *Book) Add(r Row) error {
	b.rows = append(b.rows, r)
	return errors.Join(Write(b.file("-runs.csv"), b.rows), Write(b.file(".csv"), Medians(b.rows)))
}

// Close writes the table and the plot, whose heights are a column of the CSV, and says where everything is.
func (b *Book) Close(w io.Writer, height, title, label string) error {
	medians := Medians(b.rows)
	if len(medians) == 0 {
		return errors.New("nothing was measured")
	}
	var text bytes.Buffer
	if err := Table(&text, medians); err != nil {
		return err
	}
	if err := os.WriteFile(b.file(".md"), text.Bytes(), 0o644); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%s\n%s, %s, %s", text.String(), b.file(".csv"), b.file("-runs.csv"), b.file(".md")); err != nil {
		return err
	}
	if b.plot == "" {
		_, err := fmt.Fprintln(w)
		return err
	}
	table, err := os.Open(b.file(".csv"))
	if err != nil {
		return err
	}
	defer table.Close()
	c := exec.Command(b.plot, "-height", height, "-title", title, "-label", label, "-out", b.file(".svg"))
	c.Stdin, c.Stderr = table, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	_, err = fmt.Fprintln(w, ", "+b.file(".svg"))
	return err
}
