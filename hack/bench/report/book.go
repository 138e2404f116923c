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

// Plot says what is drawn: the column of the CSV that gives the heights, and words.
type Plot struct{ Height, Title, Label string }

// Close writes the table, remarks on it and the plot, and says where everything is.
func (b *Book) Close(w io.Writer, p Plot, remarks func(medians []Row) []string) error {
	medians := Medians(b.rows)
	if len(medians) == 0 {
		return errors.New("nothing was measured")
	}
	var text bytes.Buffer
	if err := Table(&text, medians); err != nil {
		return err
	}
	if lines := remarks(medians); len(lines) > 0 {
		text.WriteString("\n- " + strings.Join(lines, "\n- ") + "\n")
	}
	if err := os.WriteFile(b.file(".md"), text.Bytes(), 0o644); err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "\n%s\n%s, %s, %s", text.String(), b.file(".csv"), b.file("-runs.csv"),
		b.file(".md")); err != nil {
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
	c := exec.Command(b.plot, "-height", p.Height, "-title", p.Title, "-label", p.Label, "-out", b.file(".svg"))
	c.Stdin, c.Stderr = table, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("plot: %w", err)
	}
	_, err = fmt.Fprintln(w, ", "+b.file(".svg"))
	return err
}
