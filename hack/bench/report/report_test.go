package report

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var rows = []Row{
	{Scenario: "100 ms", Flow: "ascp fair", Run: 1, Mbps: 280, Share: 0.93, Limit: 0.96, Bar: 0.94, Sent: 1.01},
	{Scenario: "100 ms", Flow: "tcp cubic", Run: 1, Mbps: 250, Share: 0.83, Limit: 0.96, Note: "cut, a | b"},
	{Scenario: "100 ms", Flow: "ascp fair", Run: 2, Mbps: 285, Share: 0.95, Limit: 0.96, Bar: 0.94, Sent: 1.02},
	{Scenario: "100 ms", Flow: "ascp fair", Run: 3, Mbps: 270, Share: 0.9, Limit: 0.96, Bar: 0.94, Sent: 1.03},
}

func TestWriteAndRead(t *testing.T) {
	name := filepath.Join(t.TempDir(), "x.csv")
	if err := Write(name, rows); err != nil {
		t.Fatal(err)
	}
	got, err := Read(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(rows, got); d != "" {
		t.Error(d)
	}
	if none, err := Read(name + "x"); err != nil || none != nil {
		t.Errorf("a file that is not there: %v, %v", none, err)
	}
}

func TestMedians(t *testing.T) {
	want := []Row{rows[0], rows[1]}
	want[0].Run = 3
	if d := cmp.Diff(want, Medians(rows)); d != "" {
		t.Error(d)
	}
}

func TestTable(t *testing.T) {
	var b strings.Builder
	if err := Table(&b, Medians(rows)); err != nil {
		t.Fatal(err)
	}
	want := `| scenario | flow      | Mbit/s | share | limit | bar   |        | sent  | runs | note        |
|---|---|---|---|---|---|---|---|---|---|
| 100 ms   | ascp fair | 280.0  | 0.930 | 0.960 | 0.940 | MISSED | 1.010 | 3    |             |
| 100 ms   | tcp cubic | 250.0  | 0.830 | 0.960 |       |        |       | 1    | cut, a \| b |
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestBookKeepsRowsAgain(t *testing.T) {
	folder := t.TempDir()
	for i, again := range []bool{false, true, false} {
		b, err := NewBook(folder, "wan", "", again)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.Add(rows[i]); err != nil {
			t.Fatal(err)
		}
		if want := []int{1, 2, 1}[i]; len(b.rows) != want {
			t.Errorf("use %d: %d rows, want %d", i, len(b.rows), want)
		}
		if err := b.Close(&strings.Builder{}, Plot{}, func([]Row) []string { return nil }); err != nil {
			t.Fatal(err)
		}
	}
}
