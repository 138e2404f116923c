package mask

import (
	"path"
	"regexp"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	n := New("key one")
	word := regexp.MustCompile(`^[a-z2-7]{26}$`)
	for p, ext := range map[string]string{"plans.docx": ".docx", "Ümläut/a b.tar.gz": ".gz", "noextension": "",
		".profile": "", "a.very-long-extension-of-a-name": "", "x/y/z/clip.MOV": ".MOV"} {
		got := n.File(p)
		if path.Ext(got) != ext || strings.Count(got, "/") != strings.Count(p, "/") {
			t.Errorf("%s became %s", p, got)
		}
		for _, element := range strings.Split(strings.TrimSuffix(got, ext), "/") {
			if !word.MatchString(element) {
				t.Errorf("%s became %s", p, got)
			}
		}
		if n.File("./"+p) != got || New("key one").File(p) != got {
			t.Errorf("%s has two names", p)
		}
		if one, another := New(""), New(""); New("key two").File(p) == got || one.File(p) == another.File(p) {
			t.Errorf("%s has one name by two keys", p)
		}
	}
	if dir := n.Folder("x/y"); path.Dir(n.File("x/y/a")) != dir || path.Dir(dir) != n.Folder("x") || n.Folder(".") != "" {
		t.Errorf("a folder became %s, a file in it %s", dir, n.File("x/y/a"))
	}
	if path.Base(n.Folder("x/a")) == path.Base(n.Folder("y/a")) {
		t.Error("folders of one name in two folders have one name")
	}
}
