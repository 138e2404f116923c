package manifest

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// glob is a pattern. Its wildcards:
//
//   - any characters but "/", and but "." after "/"
//     ?       one such character
//     [a-c]   one of them; [^a-c] and [!a-c] one of the others; [[:digit:]] one of a POSIX class
//     /**     nothing, or "/" and any characters, those of deeper folders, too; at the end not nothing
//     \       takes the next character for itself
type glob []token

type token struct {
	kind tokenKind
	text byte // of literal
	set  *set // of oneOf
}

type tokenKind uint8

const (
	literal tokenKind = iota
	anyOne
	anyRun
	anyDepth
	oneOf
)

// set are characters in brackets.
type set struct {
	not     bool
	ranges  [][2]rune
	classes []func(rune) bool
}

var classes = map[string]func(rune) bool{
	"alpha": unicode.IsLetter, "digit": unicode.IsDigit, "lower": unicode.IsLower, "upper": unicode.IsUpper,
	"space": unicode.IsSpace, "punct": func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSymbol(r) },
	"cntrl": unicode.IsControl, "print": unicode.IsPrint, "graph": unicode.IsGraphic,
	"alnum":  func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) },
	"blank":  func(r rune) bool { return r == ' ' || r == '\t' },
	"xdigit": func(r rune) bool { return r < utf8.RuneSelf && strings.ContainsRune("0123456789abcdefABCDEF", r) },
}

func newGlob(text string) (glob, error) {
	if text == "" {
		return nil, errors.New("it is empty")
	}
	var g glob
	for text != "" {
		switch {
		case strings.HasPrefix(text, "/**"):
			g, text = append(g, token{kind: anyDepth}), text[3:]
		case text[0] == '*':
			g, text = append(g, token{kind: anyRun}), text[1:]
		case text[0] == '?':
			g, text = append(g, token{kind: anyOne}), text[1:]
		case text[0] == '[':
			s, rest, err := newSet(text[1:])
			if err != nil {
				return nil, err
			}
			g, text = append(g, token{kind: oneOf, set: s}), rest
		case text == `\`:
			return nil, errors.New("nothing follows the backslash")
		case text[0] == '\\':
			g, text = append(g, token{text: text[1]}), text[2:]
		default:
			g, text = append(g, token{text: text[0]}), text[1:]
		}
	}
	return g, nil
}

var errOpen = errors.New("a bracket is not closed")

// newSet reads what follows an opening bracket.
func newSet(text string) (*set, string, error) {
	s := &set{}
	if text != "" && (text[0] == '^' || text[0] == '!') {
		s.not, text = true, text[1:]
	}
	for first := true; ; first = false {
		switch {
		case text == "":
			return nil, "", errOpen
		case text[0] == ']' && !first:
			return s, text[1:], nil
		case strings.HasPrefix(text, "[:"):
			name, rest, ok := strings.Cut(text[2:], ":]")
			if !ok {
				return nil, "", errOpen
			}
			class := classes[name]
			if class == nil {
				return nil, "", fmt.Errorf("there is no class %q", name)
			}
			s.classes, text = append(s.classes, class), rest
		default:
			low, rest, err := setRune(text)
			if err != nil {
				return nil, "", err
			}
			high := low
			if len(rest) > 1 && rest[0] == '-' && rest[1] != ']' {
				if high, rest, err = setRune(rest[1:]); err != nil {
					return nil, "", err
				}
			}
			if high < low {
				return nil, "", fmt.Errorf("the range %c-%c is empty", low, high)
			}
			s.ranges, text = append(s.ranges, [2]rune{low, high}), rest
		}
	}
}

func setRune(text string) (rune, string, error) {
	text = strings.TrimPrefix(text, `\`)
	if text == "" {
		return 0, "", errOpen
	}
	r, n := utf8.DecodeRuneInString(text)
	return r, text[n:], nil
}

func (s *set) has(r rune) bool {
	for _, pair := range s.ranges {
		if pair[0] <= r && r <= pair[1] {
			return !s.not
		}
	}
	for _, class := range s.classes {
		if class(r) {
			return !s.not
		}
	}
	return s.not
}

// above are the patterns of the folders that lead to what matches g, as far as no wildcard goes over several.
func (g glob) above() []glob {
	var out []glob
	for i, t := range g {
		switch {
		case t.kind == anyDepth:
			return append(out, nonEmpty(g[:i])...)
		case t.kind == literal && t.text == '/':
			out = append(out, nonEmpty(g[:i])...)
		}
	}
	return out
}

func nonEmpty(g glob) []glob {
	if len(g) == 0 {
		return nil
	}
	return []glob{g}
}

// matches reports whether g matches all of text. Its time is at most the product of both lengths.
func (g glob) matches(text string) bool {
	// after[j] says that the tokens behind the current one match text[j:].
	after, here := make([]bool, len(text)+1), make([]bool, len(text)+1)
	after[len(text)] = true
	for i := len(g) - 1; i >= 0; i-- {
		later := after[len(text)] // the tokens behind match text[k:] for a k > j
		for j := len(text); j >= 0; j-- {
			step, ok := g[i].one(text, j)
			switch g[i].kind {
			case anyRun:
				here[j] = after[j] || ok && here[j+step]
			case anyDepth:
				down := j < len(text) && text[j] == '/'
				switch {
				case i == len(g)-1:
					here[j] = down && j+1 < len(text)
				default:
					here[j] = down && later || g[i+1].text == '/' && after[j]
				}
				later = later || after[j]
			default:
				here[j] = ok && after[j+step]
			}
		}
		after, here = here, after
	}
	return after[0]
}

// one reports whether the token matches one character at text[j], of step bytes.
func (t token) one(text string, j int) (step int, ok bool) {
	if j == len(text) {
		return 0, false
	}
	if t.kind == literal {
		return 1, text[j] == t.text
	}
	if text[j] == '/' || text[j] == '.' && j > 0 && text[j-1] == '/' {
		return 0, false
	}
	r, n := utf8.DecodeRuneInString(text[j:])
	return n, t.kind != oneOf || t.set.has(r)
}
