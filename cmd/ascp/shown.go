package main

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// shown is a text for a terminal. Names come from strangers: what would steer the terminal, or have the rest of the
// line read in another order, is written out instead of sent (TestShown).
func shown(text string) string {
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var b strings.Builder
	for len(text) > 0 {
		r, n := utf8.DecodeRuneInString(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case !unprintable(r):
			b.WriteRune(r)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		text = text[n:]
	}
	return b.String()
}

// unprintable are control characters, those that change directions or have no width, and what is no character.
func unprintable(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
