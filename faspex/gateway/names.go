package gateway

import (
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostName is how long a name may be in bytes: file systems take 255, and programs append to it while they download.
const mostName = 200

// SafeName makes a file's name one that every system takes and that shows as what it is: without controls and
// direction overrides, without characters and names that Windows reserves, and without dots and spaces at its end.
func SafeName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError, unicode.IsControl(r), strings.ContainsRune(`<>:"/\|?*`, r):
			return '_'
		case isDirection(r), r == '\u2028', r == '\u2029', r == '\ufeff':
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "_"))
	clean = strings.TrimLeft(strings.TrimRight(clean, ". "), " ")
	if clean == "" {
		return "_"
	}
	if stem, _, _ := strings.Cut(clean, "."); isReserved(strings.TrimRight(stem, " ")) {
		clean = "_" + clean
	}
	return shorten(clean)
}

// isDirection says that a character changes the direction of what follows, or marks one.
func isDirection(r rune) bool {
	return r == '\u061c' || r == '\u200e' || r == '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' &&
		r <= '\u2069'
}

// isReserved says that a name stands for a device on Windows, whatever its extension.
func isReserved(stem string) bool {
	stem = strings.ToUpper(stem)
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	number, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		number, ok = strings.CutPrefix(stem, "LPT")
	}
	return ok && utf8.RuneCountInString(number) == 1 && strings.Contains("0123456789¹²³", number)
}

// shorten cuts a name that is too long, before its extension.
func shorten(name string) string {
	if len(name) <= mostName {
		return name
	}
	extension := path.Ext(name)
	if len(extension) > 20 {
		extension = ""
	}
	stem := name[:mostName-len(extension)]
	for !utf8.ValidString(stem) {
		stem = stem[:len(stem)-1]
	}
	return strings.TrimRight(stem, ". ") + extension
}

// safePath makes every element of a path a safe name.
func safePath(p string) string {
	elements := strings.Split(p, "/")
	for i, e := range elements {
		elements[i] = SafeName(e)
	}
	return strings.Join(elements, "/")
}

// disposition is a Content-Disposition that saves under a name (RFC 6266): as it is, and in ASCII for who can't read
// that.
func disposition(name string) string {
	name = SafeName(name)
	ascii := strings.Map(func(r rune) rune {
		if r >= 0x80 || r == '%' || r == ';' {
			return '_'
		}
		return r
	}, name)
	// A safe name has neither quotes nor backslashes. Clients cut the quotes off by hand.
	out := `attachment; filename="` + ascii + `"`
	if ascii == name {
		return out
	}
	return out + "; filename*=UTF-8''" + percentEncode(name)
}

// percentEncode leaves the characters that RFC 8187 allows.
func percentEncode(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c < 0x80 && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
			strings.IndexByte("!#$&+-.^_`|~", c) >= 0) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// uniquePaths remembers the paths of an archive, and gives another name to one that is taken, or differs in case alone.
type uniquePaths map[string]bool

func (u uniquePaths) take(p string) string {
	extension := path.Ext(p)
	stem := strings.TrimSuffix(p, extension)
	for i := 2; ; i++ {
		key := strings.ToLower(p)
		if !u[key] {
			u[key] = true
			return p
		}
		p = fmt.Sprintf("%s (%d)%s", stem, i, extension)
	}
}
