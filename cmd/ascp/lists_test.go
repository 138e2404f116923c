package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/go-cmp/cmp"
)

// Lists come from any system and any program.
func TestLists(t *testing.T) {
	t.Parallel()
	one := func(names ...string) (out []transferspec.Path) {
		for _, n := range names {
			out = append(out, transferspec.Path{Source: n})
		}
		return out
	}
	for name, c := range map[string]struct {
		text  string
		pairs bool
		want  []transferspec.Path
		says  string
	}{
		"plain":           {"a b\nä\n", false, one("a b", "ä"), ""},
		"no last newline": {"a\nb", false, one("a", "b"), ""},
		"CRLF":            {"a\r\nb\r\n", false, one("a", "b"), ""},
		"empty lines":     {"\n\na\n\r\n\nb\n\n", false, one("a", "b"), ""},
		"mark":            {"\ufeffa\nb\n", false, one("a", "b"), ""},
		"doubled":         {"a\nb\na\n", false, one("a", "b"), ""},
		"spaces":          {" a \n", false, one(" a "), ""},
		"UTF-16":          {"\xff\xfea\x00\n\x00", false, nil, "UTF-16"},
		"NUL":             {"a\x00b", false, nil, "NUL"},
		"only empty":      {"\n\n", false, nil, "no source is named"},
		"pairs": {"a\nx\nb\ny\n", true, []transferspec.Path{{Source: "a", Destination: "x"},
			{Source: "b", Destination: "y"}}, ""},
		"pairs apart": {"\ufeffa\r\nx\r\n\r\n\r\nb\r\ny", true,
			[]transferspec.Path{{Source: "a", Destination: "x"}, {Source: "b", Destination: "y"}}, ""},
		"pairs doubled": {"a\nx\na\nx\n", true, []transferspec.Path{{Source: "a", Destination: "x"}}, ""},
		"one source, two ends": {"a\nx\na\ny\n", true, []transferspec.Path{{Source: "a", Destination: "x"},
			{Source: "a", Destination: "y"}}, ""},
		"empty half": {"a\n\nb\ny\n", true, nil, "line 2 is empty"},
		"odd":        {"a\nx\nb\n", true, nil, `line 3: "b" has no destination`},
	} {
		t.Run(name, func(t *testing.T) {
			list := filepath.Join(t.TempDir(), "list")
			if err := os.WriteFile(list, []byte(c.text), 0o644); err != nil {
				t.Fatal(err)
			}
			flag := "--file-list="
			if c.pairs {
				flag = "--file-pair-list="
			}
			r, err := parse([]string{"--mode=send", "--host=h", flag + list, "/"}, noEnv)
			if c.says != "" {
				if err == nil || !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v, want %q", err, c.says)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, r.sources); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if !r.options.CreateDir {
				t.Error("the destination is not made")
			}
		})
	}
}

// TestListFromStandardInput has a pipeline name the files.
func TestListFromStandardInput(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	from := t.TempDir()
	writeFiles(t, from, map[string][]byte{"a": []byte("1"), "b": []byte("2")})
	cmd := process(t, "ascp", n.sending(t, "/"), n.overSSH(t, "--mode=send", "--host=127.0.0.1", "--file-list=-",
		"/in")...)
	cmd.Stdin = strings.NewReader(from + "/a\n" + from + "/b\n")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, filepath.Join(n.dir, "in")); len(got) != 2 {
		t.Errorf("got %v", got)
	}
}
