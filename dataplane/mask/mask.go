// Package mask gives files and folders names that tell nothing (the published "file name obfuscation"). Every element of
// a path gets another name but for the extension of a file; what lies in one folder stays together. Nothing keeps the
// names of before: they follow from the paths and from a secret key one way, so that an upload that is run again finds
// its own unfinished files.
package mask

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"path"
	"strings"
)

// Names gives the names of one package.
type Names struct{ key []byte }

// New takes the key of a package, a text that only its senders know. An empty one is replaced by a random one: then
// every upload gives other names.
func New(key string) Names {
	if key == "" {
		key = rand.Text()
	}
	return Names{[]byte(key)}
}

// File masks the slash-separated path of a file, relative to the package.
func (n Names) File(p string) string {
	p = path.Clean(p)
	return path.Join(n.Folder(path.Dir(p)), n.name(p)+extension(path.Base(p)))
}

// Folder masks the path of a folder.
func (n Names) Folder(p string) string {
	if p = path.Clean(p); p == "." || p == "/" {
		return ""
	}
	return path.Join(n.Folder(path.Dir(p)), n.name(p))
}

// nameBytes of a hash are 26 letters, too many to be met twice.
const nameBytes = 16

// name stands for the last element of a path. It has one case alone, for systems that know no difference.
func (n Names) name(p string) string {
	m := hmac.New(sha256.New, n.key)
	m.Write([]byte(p))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(m.Sum(nil)[:nameBytes]))
}

// maxExtension is how long an extension may be, with its point: what is longer is a name with a point.
const maxExtension = 16

func extension(name string) string {
	ext := path.Ext(name)
	if ext == name || len(ext) > maxExtension {
		return ""
	}
	return ext
}
