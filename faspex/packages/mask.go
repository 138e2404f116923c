package packages

import (
	"crypto/rand"
	"path"
	"strings"
)

// Mask gives names that tell nothing, one for each path of files relative to one folder: every element is random but for
// the file's extension, and files of one folder stay together. Nothing keeps the names of before.
func Mask(files []string) []string {
	folders := map[string]string{".": ""}
	out := make([]string, len(files))
	for i, f := range files {
		f = path.Clean(f)
		out[i] = path.Join(maskFolder(path.Dir(f), folders), maskName()+extension(path.Base(f)))
	}
	return out
}

func maskFolder(folder string, known map[string]string) string {
	masked, ok := known[folder]
	if !ok {
		masked = path.Join(maskFolder(path.Dir(folder), known), maskName())
		known[folder] = masked
	}
	return masked
}

func maskName() string { return strings.ToLower(rand.Text()) }

// maxExtension is how long an extension may be, with its point: what is longer is a name with a point.
const maxExtension = 16

func extension(name string) string {
	ext := path.Ext(name)
	if ext == name || len(ext) > maxExtension {
		return ""
	}
	return ext
}
