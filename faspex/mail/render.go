package mail

import (
	"html"
	"regexp"
	"slices"
	"strings"

	"github.com/microcosm-cc/bluemonday"
)

// sanitizer lets pass what a mail needs and nothing that runs or loads by itself.
var sanitizer = bluemonday.UGCPolicy()

// word is a variable: a bare word in capitals.
var word = regexp.MustCompile(`\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*\b`)

// notInSubjects are words that a subject does not have, as published.
var notInSubjects = []string{"STATUS_URL", "STATUS_LINK"}

// replace puts values in for their words, each once: a value that looks like a word stays as it is. put writes the value
// of the word that begins at a place of text.
func replace(text string, values map[string]string, put func(name, value string, at int) string) string {
	var b strings.Builder
	done := 0
	for _, at := range word.FindAllStringIndex(text, -1) {
		name := text[at[0]:at[1]]
		if value, known := values[name]; known {
			b.WriteString(text[done:at[0]])
			b.WriteString(put(name, value, at[0]))
			done = at[1]
		}
	}
	return b.String() + text[done:]
}

func plain(_, value string, _ int) string { return value }

func escaped(_, value string, _ int) string { return html.EscapeString(value) }

// Render makes subject, text and HTML of a mail. Words that the type does not have stay as they are, whatever values say.
// Values are escaped in HTML (faspex-Z14: TestValuesAreEscaped). A mail that brings a link to set a password has it, also
// where the template does not say so: without it nobody could log in.
func (t Template) Render(of string, values map[string]string) (subject, text, page string) {
	values = allowed(of, values)
	subject = oneLine(replace(t.Subject, values, func(name, value string, _ int) string {
		if slices.Contains(notInSubjects, name) {
			return name
		}
		return value
	}))
	editor := !t.UseHTMLDerived && t.HTML != ""
	needed := neededLink(of)
	var parts []string
	for _, part := range t.parts(of) {
		if filled := strings.TrimSpace(replace(part, values, plain)); filled != "" {
			parts = append(parts, filled)
		}
	}
	if needed != "" && !slices.ContainsFunc(t.parts(of), names(needed)) {
		parts = append(parts, values[needed])
	}
	text = strings.Join(parts, "\n\n") + "\n"
	if !editor {
		return subject, text, t.derived(of, values)
	}
	source := t.HTML
	if needed != "" && !names(needed)(source) {
		source += "\n<p>" + needed + "</p>"
	}
	return subject, text, sanitizer.Sanitize(replace(source, values, anchored(source)))
}

// anchored writes values into HTML: those of words that end with _LINK as links, but inside of a tag, where an
// administrator made the link, as addresses.
func anchored(source string) func(name, value string, at int) string {
	return func(name, value string, at int) string {
		value = html.EscapeString(value)
		inTag := strings.LastIndexByte(source[:at], '<') > strings.LastIndexByte(source[:at], '>')
		if !strings.HasSuffix(name, "_LINK") || inTag || value == "" {
			return value
		}
		return `<a href="` + value + `">` + value + `</a>`
	}
}

func names(wanted string) func(string) bool {
	return func(text string) bool { return slices.Contains(word.FindAllString(text, -1), wanted) }
}

// HTMLDerived is the HTML that the parts of the form make, with its words.
func (t Template) HTMLDerived(of string) string { return t.derived(of, nil) }

// link is an address, without the punctuation of the sentence that it stands in.
var link = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:!?)]`)

func (t Template) derived(of string, values map[string]string) string {
	parts := t.parts(of)
	if needed := neededLink(of); needed != "" && values != nil && !slices.ContainsFunc(parts, names(needed)) {
		parts = append(parts, needed)
	}
	var b strings.Builder
	for _, part := range parts {
		filled := strings.TrimSpace(replace(html.EscapeString(part), values, escaped))
		if filled == "" {
			continue
		}
		filled = link.ReplaceAllString(filled, `<a href="$0">$0</a>`)
		b.WriteString("<p>" + strings.ReplaceAll(filled, "\n", "<br>") + "</p>\n")
	}
	return sanitizer.Sanitize(b.String())
}

func (t Template) parts(of string) []string {
	parts := []string{t.Greeting, t.Introduction}
	if t.IncludeDetails {
		parts = append(parts, Details(of))
	}
	parts = append(parts, t.MessageContinued, t.Signature)
	if t.IncludeAlternateAddressFooter {
		parts = append(parts, t.AlternateAddressFooter)
	}
	return parts
}
