package packages_test

import (
	"path"
	"strings"
	"testing"

	"faspex.io/operator/faspex/packages"
)

// faspex-N9 (the name; TestContentLiesInTheDocumentedFolder has it at a node).
func TestFolder(t *testing.T) {
	const uuid = "573f2dd5-2ac0-4a6b-a8c5-ffb0d6b1b5a6"
	for title, want := range map[string]string{
		"A":                      "A - " + uuid + ".aspera-package/PKG - A",
		"a/../../etc":            "a_.._.._etc - " + uuid + ".aspera-package/PKG - a_.._.._etc",
		"..":                     "_ - " + uuid + ".aspera-package/PKG - _",
		"C:\\x\x00\n|y ":         "C__x___y - " + uuid + ".aspera-package/PKG - C__x___y",
		"Grüße - 2":              "Grüße - 2 - " + uuid + ".aspera-package/PKG - Grüße - 2",
		strings.Repeat("x", 300): strings.Repeat("x", 50) + " - " + uuid + ".aspera-package/PKG - " + strings.Repeat("x", 50),
		strings.Repeat("ü", 300): strings.Repeat("ü", 50) + " - " + uuid + ".aspera-package/PKG - " + strings.Repeat("ü", 50),
		"almost.partial":         "almost.partial - " + uuid + ".aspera-package/PKG - almost.partial",
		strings.Repeat("\U0001F600", 60): strings.Repeat("\U0001F600", 50) + " - " + uuid + ".aspera-package/PKG - " +
			strings.Repeat("\U0001F600", 50),
	} {
		got := packages.Folder(title, uuid, 50)
		if got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
		if found, ok := packages.FolderUUID(path.Dir(got)); !ok || found != uuid {
			t.Errorf("%q carries %q", got, found)
		}
	}
	if long := packages.Folder(strings.Repeat("\U0001F600", 300), uuid, 200); len(path.Dir(long)) > 255 || len(path.Base(long)) > 255 {
		t.Errorf("%d and %d bytes", len(path.Dir(long)), len(path.Base(long)))
	}
	for _, other := range []string{"x", uuid, " - x.aspera-package", "A - " + uuid} {
		if _, ok := packages.FolderUUID(other); ok {
			t.Errorf("%q is taken for a package's folder", other)
		}
	}
}
