package confine

import (
	"path"
	"slices"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
)

// The words of which attacks are made.
var (
	names = []string{
		"l", "a", "d", "x", "x.partial", "x.aspx", "x.1-2.aspx", "l.partial", "secret", "theirs", "other", "mine.incoming",
		"..", ".", "d/l", "l/secret",
		"l/theirs/secret", "l/other/secret", "../theirs/secret", "../../other/secret", "d/../../theirs/secret", "l/..",
		"l/../theirs/secret", "tenant", "",
	}
	texts = []string{
		"..", "../theirs", "../theirs/secret", "../../other", "../other", "../other/secret", "/", ".", "a", "d", "l", "x",
		"../..", "d/..", "d/../..", "l/..",
		"../../../host/secret", "/proc/self/root", "theirs/secret", "./../theirs", "theirs",
	}
	links      = []string{"copy", "copy+force", "follow", "skip"}
	overwrites = []string{"diff", "always", "older", "never"}
	resumes    = []string{"none", "attrs", "sparse_csum", "full_csum"}
)

// script is a random sequence of bytes, read as the steps of an attack.
type script struct{ bytes []byte }

func (s *script) over() bool { return len(s.bytes) == 0 }

func (s *script) next(n int) int {
	if s.over() {
		return 0
	}
	b := s.bytes[0]
	s.bytes = s.bytes[1:]
	return int(b) % n
}

func (s *script) word(of []string) string { return of[s.next(len(of))] }

func (s *script) options() control.Options {
	return control.Options{
		Symlinks: s.word(links), Overwrite: s.word(overwrites), Resume: s.word(resumes), CreateDir: s.next(2) == 0,
		PreserveTimes: s.next(2) == 0,
		PreserveModes: s.next(2) == 0,
	}
}

func (s *script) items() []item {
	items := make([]item, 0, 3)
	for range 1 + s.next(3) {
		it := item{name: s.word(names)}
		switch s.next(4) {
		case 0, 1:
			it.link = s.word(texts)
		case 2:
			it.dir = true
		default:
			it.text = strings.Repeat("E", 1+s.next(2)*1_200_000) // more than a chunk has an unfinished form of another name
		}
		items = append(items, it)
	}
	return items
}

// attack does what the script says. Each step alone is permitted, or refused.
func attack(w *world, s *script) {
	for step := 0; step < 6 && !s.over(); step++ {
		switch s.next(12) {
		case 0, 1:
			token := w.token(nodeUser, nodePassword, "upload_setup", map[string]any{"destination_root": incoming})
			destination := []string{incoming, "/", "/packages", incoming + "/l", incoming + "/..", ""}[s.next(6)]
			o := s.options()
			items := s.items()
			var sources []control.Source
			// The client names pairs that the token allows, and sends what it likes.
			if destination == "/" || destination == "/packages" {
				prefix := strings.TrimPrefix(incoming, "/")
				if destination == "/packages" {
					prefix = path.Base(incoming)
				}
				for i := range items {
					if s.next(4) > 0 {
						items[i].name = path.Join(prefix, items[i].name)
					}
				}
				sources = append(sources, control.Source{Source: "x", Destination: prefix})
			}
			w.upload(token, destination, o, items, sources...)
		case 2:
			source := path.Clean("/" + s.word(names))
			token := w.token(nodeUser, nodePassword, "download_setup",
				map[string]any{"source_root": mine, "paths": []any{map[string]any{"source": source[1:]}}})
			w.download(token, s.options(), "", path.Join(mine, source))
		case 3:
			token := w.token(nodeUser, nodePassword, "download_setup", map[string]any{"source_root": mine})
			w.download(token, s.options(), "", mine+"/"+s.word(names))
		case 4:
			w.faspex(s.word([]string{"browse", "info", "delete"}), s.word(names))
		case 5: // The package is released.
			w.call(nodeUser, nodePassword, "POST", "/files/delete", map[string]any{"paths": []any{map[string]any{"path": mine}}})
			status, _ := w.call(nodeUser, nodePassword, "POST", "/files/rename",
				map[string]any{"paths": []any{map[string]any{"path": "/packages", "source": path.Base(incoming),
					"destination": path.Base(mine)}}})
			w.saw("released: %d", status)
		case 6:
			w.upload(w.basic(), "/"+s.word(names), s.options(), s.items())
		case 7:
			w.download(w.basic(), s.options(), "", s.word(names))
		case 8:
			w.asKey("POST", "/files/create", map[string]any{"paths": []any{map[string]any{
				"path": "/" + s.word(names), "type": s.word([]string{"symbolic_link", "directory", "file"}),
				"target": map[string]any{"path": "/" + s.word(texts)},
			}}})
		case 9:
			call := s.word([]string{"browse", "delete", "info", "rename"})
			body := map[string]any{"path": "/" + s.word(names)}
			if call != "browse" {
				item := map[string]any{"path": "/" + s.word(names), "source": s.word(names), "destination": s.word(names)}
				body = map[string]any{"paths": []any{item}}
			}
			w.asKey("POST", "/files/"+call, body)
		case 10:
			w.child("/" + s.word(names))
		case 11:
			w.byID()
		}
	}
}

// FuzzNothingOutsideIsTouched plays an attack in two worlds that differ only in what lies outside of the attacker's
// rights. What is outside has to stay as it is, by device, inode, times and content, and what the attacker is told has
// to be the same in both, so that nothing outside was read, listed, or told from what is not there.
func FuzzNothingOutsideIsTouched(f *testing.F) {
	for _, seed := range seeds {
		f.Add(seed)
	}
	nodes := [2]*node{newNode(f), newNode(f)}
	f.Fuzz(func(t *testing.T, bytes []byte) { play(t, nodes, bytes) })
}

// play plays an attack in both worlds.
func play(t *testing.T, nodes [2]*node, bytes []byte) {
	t.Helper()
	const tries = 4 // The order in which the parts of a session end is not always the same.
	var seen [2][][]string
	for range tries {
		for v, n := range nodes {
			w := n.lay(t, variant(v))
			attack(w, &script{bytes: slices.Clone(bytes)})
			w.unharmed()
			w.gone()
			seen[v] = append(seen[v], w.seen)
		}
		if t.Failed() {
			for _, step := range seen[0][len(seen[0])-1] {
				t.Log(step)
			}
			return
		}
		for _, one := range seen[0] {
			for _, other := range seen[1] {
				if slices.Equal(one, other) {
					return
				}
			}
		}
	}
	t.Errorf("the attacker is told what is outside:\n%s\n\n%s", strings.Join(seen[0][0], "\n"),
		strings.Join(seen[1][0], "\n"))
}

// seeds are the attacks that were once possible, and their relatives.
var seeds = [][]byte{
	// A link that leads up, in an own package; then a download through it, and a listing.
	{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 2, 16, 2, 0, 0, 0, 0, 0, 3, 16, 2, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 16},
	// A link that has the name of a file's unfinished form, then the file.
	{0, 1, 0, 0, 0, 0, 0, 0, 1, 3, 3, 3, 4, 0, 2, 1, 1},
	// A link in the place of the granted folder, then a file through it.
	{0, 1, 0, 0, 0, 1, 0, 0, 0, 24, 0, 20, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 8, 3, 1},
	// A key's link that leads out; a child key for it; the ids of it.
	{6, 13, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 10, 0, 11},
	// Files and a folder in the place of the granted folder, whose unfinished form would lie beside it.
	{9, 105, 235, 74, 106, 169, 24, 139, 85, 148, 245, 172, 199, 218, 19, 196, 225, 252, 132, 65, 168, 106, 97, 106, 133,
		22, 244, 169, 98, 173, 116, 124, 23, 124, 16, 50,
		88, 203, 55, 175, 11, 204, 105, 188, 146, 202, 82, 232, 127, 249, 160, 108, 50, 116, 111, 234, 225, 11, 142, 97, 155,
		144, 235, 120, 0, 189, 4, 3, 214},
	// The same by the Node API: a link made through a link.
	{8, 0, 0, 6, 8, 14, 0, 4, 10, 0, 11, 9, 0, 0},
}
