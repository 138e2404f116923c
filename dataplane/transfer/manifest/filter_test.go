package manifest

import (
	"errors"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// The examples of the published description.
func TestGlob(t *testing.T) {
	for _, c := range []struct{ pattern, matches, others string }{
		{"abc/def/xyz", "abc/def/xyz", "abc/def"},
		{`abc\?`, "abc?", `abc\? abc/D abcD`},
		{"abc*f", "abcdef abc.f", "abc/f abcefg"},
		{"abc??", "abcde abc.z", "abcdef abc/d abc/."},
		{"[abc]def", "adef cdef", "abcdef ade"},
		{"[^abc]def", "zdef .def 2def", "bdef /def /.def"},
		{"[!abc]def", "zdef .def 2def", "cdef /def /.def"},
		{"[[:lower:]]def", "cdef ydef", "Adef 2def .def"},
		{"*.[!cos]", "x.a .a", "x.c x."},
		{"[]a-]", "] a -", "b"},
		{"[a-cx]é?", "béx xéü", "déx bé"},
		{"a/**/f", "a/f a/.z/f a/d/e/f", "a/d/f/ za/d/f af"},
		{"abc/**", "abc/.file abc/dir abc/wxy/.dir abc/wxy/tuv/file", "abc/ abc abcd"},
		{"/**.bak", "/x.bak /a/b/.bak", "x.bak .bak"},
		{"a/**b", "a/b a/xb a/c/xb", "ab"},
		{"/**", "/a /a/b /.x", "/"},
		{"*", "a .a", "a/b a/.b"},
		{"/*", "/a", "/.a /a/b"},
		{"**x", "x ax", "a/x"},
	} {
		g, err := newGlob(c.pattern)
		if err != nil {
			t.Errorf("%s: %v", c.pattern, err)
			continue
		}
		for _, text := range strings.Fields(c.matches) {
			if !g.matches(text) {
				t.Errorf("%s does not match %s", c.pattern, text)
			}
		}
		for _, text := range strings.Fields(c.others) {
			if g.matches(text) {
				t.Errorf("%s matches %s", c.pattern, text)
			}
		}
	}
}

func TestFiltersOfNoForm(t *testing.T) {
	for _, pattern := range []string{"", "/", "[", "*.key[", "[]", "[a", `a\`, `[a\`, "[z-a]", "[[:nothing:]]",
		"[[:digit"} {
		_, err := NewFilters([]control.Filter{{Pattern: pattern}})
		var e *fail.Error
		if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, "can't be read") {
			t.Errorf("%q: %v", pattern, err)
		}
	}
	if _, err := NewFilters(make([]control.Filter, mostFilters+1)); err == nil {
		t.Error("too many are taken")
	}
	if _, err := NewFilters([]control.Filter{{Pattern: strings.Repeat("a", mostFilterBytes+1)}}); err == nil {
		t.Error("a pattern of any length is taken")
	}
}

// The rules of a command line: "-" excludes, "+" includes. The folders of names end with a slash.
func TestFilters(t *testing.T) {
	const all = "top.key a/ a/sub.key a/tmp/ a/tmp/z a/b/ a/b/tmp/ a/b/tmp/z tmp .hidden"
	for _, c := range []struct{ rules, kept string }{
		{"", all},
		{"-/top.key", "a/ a/sub.key a/tmp/ a/tmp/z a/b/ a/b/tmp/ a/b/tmp/z tmp .hidden"},
		{"-*.key", "a/ a/tmp/ a/tmp/z a/b/ a/b/tmp/ a/b/tmp/z tmp .hidden"},
		{"-tmp/", "top.key a/ a/sub.key a/tmp/z a/b/ a/b/tmp/z tmp .hidden"},
		{"-tmp", "top.key a/ a/sub.key a/tmp/ a/tmp/z a/b/ a/b/tmp/ a/b/tmp/z .hidden"},
		{"-tmp*", "top.key a/ a/sub.key a/tmp/z a/b/ a/b/tmp/z .hidden"},
		{"-/**/tmp/**", "top.key a/ a/sub.key a/tmp/ a/b/ a/b/tmp/ tmp .hidden"},
		{"-**/tmp/**", "top.key a/ a/sub.key a/tmp/ a/b/ a/b/tmp/ tmp .hidden"},
		{"-a/**/z", "top.key a/ a/sub.key a/tmp/ a/b/ a/b/tmp/ tmp .hidden"},
		{"+*.key -/**", "top.key a/sub.key"},
		{"+*.key +/**/ -/**", "top.key a/ a/sub.key a/tmp/ a/b/ a/b/tmp/"},
		{"-/** +*.key", ""},
		{"+/a/b/tmp/z -/**", "a/ a/b/ a/b/tmp/ a/b/tmp/z"},
		{"+/a/**/z -/**", "a/ a/tmp/z a/b/tmp/z"},
		{"-*", ""},
	} {
		var list []control.Filter
		for _, text := range strings.Fields(c.rules) {
			list = append(list, control.Filter{Include: text[0] == '+', Pattern: text[1:]})
		}
		f, err := NewFilters(list)
		if err != nil {
			t.Errorf("%s: %v", c.rules, err)
			continue
		}
		var kept []string
		for _, name := range strings.Fields(all) {
			if path, folder := strings.CutSuffix(name, "/"); !f.Exclude(path, folder) {
				kept = append(kept, name)
			}
		}
		if got := strings.Join(kept, " "); got != c.kept {
			t.Errorf("%s keeps\n%s, want\n%s", c.rules, got, c.kept)
		}
	}
	if f, _ := NewFilters([]control.Filter{{Pattern: "/**"}}); f.Exclude("", true) {
		t.Error("the folder itself is left out")
	}
}

// A pattern and a name of a stranger that other ways to match take forever for.
func TestGlobTakesNoForever(t *testing.T) {
	g, err := newGlob(strings.Repeat("*a", 2000) + "b")
	if err != nil || g.matches(strings.Repeat("a", 4096)) {
		t.Error(err)
	}
}
