package unfinished

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transfer/fail"
)

// The suffixes are written nowhere else in the code of the tree, so that no other part
// decides by a name what is unfinished.
func TestOnlyThisPackageKnowsTheSuffixes(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	files := 0
	err := filepath.WalkDir(root, func(p string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && (e.Name() == "node_modules" || e.Name() == ".git" ||
			p == filepath.Join(root, "dataplane", "transfer", "unfinished")):
			return fs.SkipDir
		case e.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		files++
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, p, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING {
				if s, err := strconv.Unquote(text.Value); err == nil && knows(s) {
					t.Errorf("%s knows a suffix of unfinished files: ask this package", set.Position(n.Pos()))
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 100 {
		t.Errorf("only %d files were looked at", files)
	}
}

// knows says that a string literal has a suffix, as a whole or at the end of a name.
func knows(s string) bool {
	return strings.HasSuffix(s, partialSuffix) || strings.HasSuffix(s, journalSuffix)
}

func TestReservedNamesAreThoseOfNoUser(t *testing.T) {
	stem := reservedStem("f")
	for name, want := range map[string]bool{
		stem + ".partial": true, stem + ".aspx": true, stem + ".1-2.aspx": true, SmallName("f"): true,
		"f.partial": false, ".f.partial": false, stem: false, stem + ".txt": false, stem[1:] + ".partial": false, "": false,
		"." + strings.Repeat("g", 32) + ".partial": false,
	} {
		if Reserved(name) != want {
			t.Errorf("Reserved(%q) = %v", name, !want)
		}
	}
}

func TestRefuseName(t *testing.T) {
	for _, c := range []struct {
		p    string
		file bool
		ok   bool
	}{
		{"f", true, true}, {"d/f", true, true}, {"f.partial", true, true}, {"d/f.aspx", true, true}, {".partial", true, true},
		{SmallName("f"), true, false}, {"d/" + reservedStem("f") + ".1-2.aspx", true, false},
		{"d.partial/f", true, false}, {"a/d.aspx/b/f", true, false},
		{"f.partial", false, false}, {"f.aspx", false, false}, {"d.partial/e", false, false}, {"d/e", false, true},
	} {
		if refused := RefuseName(c.p, c.file); (refused == nil) != c.ok || refused != nil && refused.Code != fail.BadPath {
			t.Errorf("RefuseName(%q, %v) = %v", c.p, c.file, refused)
		}
	}
}

// NamesOf and Bases are each other's inverse, so that two sessions find their conflict whichever comes first.
func TestBasesOfNames(t *testing.T) {
	for _, p := range []string{"/f", "d/f", "f.partial", "f.aspx"} {
		for _, name := range NamesOf(p) {
			if bases := Bases(name); len(bases) != 1 || bases[0] != p {
				t.Errorf("Bases(%q) = %v, want %q", name, bases, p)
			}
		}
	}
	for _, p := range []string{"f", ".partial", "d/.aspx", "partial"} {
		if bases := Bases(p); bases != nil {
			t.Errorf("Bases(%q) = %v", p, bases)
		}
	}
}
