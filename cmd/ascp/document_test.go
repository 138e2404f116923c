package main

import (
	"os"
	"strings"
	"testing"
)

// The page for people has every option and field, each in the table of its fate.
func TestDocumentNamesEveryOption(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/ascp.md")
	if err != nil {
		t.Fatal(err)
	}
	rest, tables := string(text), map[fate]string{}
	for _, f := range []struct {
		fate  fate
		title string
	}{{works, "## What works"}, {inert, "## Taken without effect"}, {refused, "## Refused by name"}} {
		_, after, ok := strings.Cut(rest, f.title)
		if !ok {
			t.Fatalf("the page has no %s", f.title)
		}
		tables[f.fate], _, _ = strings.Cut(after, "\n## ")
		rest = after
	}
	for i := range options {
		o := &options[i]
		for _, name := range append([]string{o.env}, o.names()...) {
			if name == "" || o.shortOnly && name == "--"+o.flag {
				continue
			}
			if !strings.Contains(tables[o.fate], "`"+name+"`") {
				t.Errorf("docs/ascp.md lacks %s in its table", name)
			}
		}
	}
}
