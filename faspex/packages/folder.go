package packages

import (
	"cmp"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	folderSuffix = ".aspera-package"
	// titleBytes leaves room for the rest of a folder's name in the 255 bytes that file systems give it.
	titleBytes = 200
)

// Folder is where the content of a package lies beneath an inbox: "<title> - <uuid>.aspera-package/PKG - <title>". The
// title has at most limit characters, and none that means something in a path.
func Folder(title, uuid string, limit int) string {
	title = pathTitle(title, limit)
	return path.Join(title+" - "+uuid+folderSuffix, "PKG - "+title)
}

func pathTitle(title string, limit int) string {
	var b strings.Builder
	n := 0
	for _, r := range title {
		if unicode.IsControl(r) || r == utf8.RuneError || strings.ContainsRune(`/\:*?"<>|`, r) {
			r = '_'
		}
		if n++; n > limit || b.Len()+utf8.RuneLen(r) > titleBytes {
			break
		}
		b.WriteRune(r)
	}
	return cmp.Or(strings.TrimRight(b.String(), ". "), "_")
}

// FolderUUID gives the uuid that the name of a package's folder carries; false for another folder.
func FolderUUID(name string) (string, bool) {
	name, ours := strings.CutSuffix(name, folderSuffix)
	at := strings.LastIndex(name, " - ")
	if !ours || at < 0 || len(name)-at-3 != 36 {
		return "", false
	}
	return name[at+3:], true
}
