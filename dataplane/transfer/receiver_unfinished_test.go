package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/manifest"
)

// inTheWay is what somebody may have under a name. Each makes it at p; victim is a file beside the target folder.
var inTheWay = map[string]func(t *testing.T, p, victim string){
	"a file":      func(t *testing.T, p, _ string) { write(t, p, []byte("somebody's own")) },
	"an old file": func(t *testing.T, p, _ string) { write(t, p, noise(9, 5<<20)) },
	"a link": func(t *testing.T, p, victim string) {
		rel, err := filepath.Rel(filepath.Dir(p), victim)
		if err == nil {
			err = os.Symlink(rel, p)
		}
		if err != nil {
			t.Fatal(err)
		}
	},
	"a link to nothing": func(t *testing.T, p, victim string) {
		if err := os.Symlink(victim+".new", p); err != nil {
			t.Fatal(err)
		}
	},
	"a second name": func(t *testing.T, p, victim string) {
		if err := os.Link(victim, p); err != nil {
			t.Fatal(err)
		}
	},
	"a pipe": func(t *testing.T, p, _ string) {
		if err := syscall.Mkfifo(p, 0o600); err != nil {
			t.Fatal(err)
		}
	},
	"a folder": func(t *testing.T, p, _ string) { write(t, filepath.Join(p, "inside"), []byte("somebody's own")) },
}

// reservedStemOf is what the reserved names of a file begin with.
func reservedStemOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "." + hex.EncodeToString(sum[:16])
}

// fingerprint is what is at p: its kind, where it leads or what it holds.
func fingerprint(t *testing.T, p string) string {
	t.Helper()
	info, err := os.Lstat(p)
	if err != nil {
		return "nothing"
	}
	switch mode := info.Mode().Type(); mode {
	case os.ModeSymlink:
		to, _ := os.Readlink(p)
		return "link " + to
	case 0:
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		return "file " + string(b)
	case os.ModeDir:
		entries, err := os.ReadDir(p)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, e := range entries {
			names = append(names, e.Name(), fingerprint(t, filepath.Join(p, e.Name())))
		}
		return "folder " + strings.Join(names, " ")
	default:
		return mode.String()
	}
}

// Whatever has the name of an unfinished file, or of its journal, stays as it is; the file arrives all the same.
func TestReceiverLeavesWhatHasTheNameOfItsUnfinishedFile(t *testing.T) {
	sizes := map[string]int{"x0": 0, "x10": 10, "x3M": 3<<20 + 5}
	for kind, put := range inTheWay {
		for _, suffix := range []string{".partial", ".aspx", ".1-2.aspx"} {
			t.Run(kind+" "+suffix, func(t *testing.T) {
				dir := t.TempDir()
				x := run{from: t.TempDir(), to: filepath.Join(dir, "granted", "mine"),
					options: control.Options{Checksum: ChecksumMD5}}
				victim := filepath.Join(dir, "granted", "victim")
				write(t, victim, noise(7, 4<<20))
				before := fingerprint(t, victim)
				kept := map[string]string{}
				if err := os.MkdirAll(x.to, 0o755); err != nil {
					t.Fatal(err)
				}
				for name, size := range sizes {
					write(t, filepath.Join(x.from, name), noise(1, size))
					p := filepath.Join(x.to, name+suffix)
					put(t, p, victim)
					kept[p] = fingerprint(t, p)
				}
				x.mustDo(t)
				for p, was := range kept {
					if fingerprint(t, p) != was {
						t.Errorf("%s is another", filepath.Base(p))
					}
				}
				for name, size := range sizes {
					if got, err := os.ReadFile(filepath.Join(x.to, name)); err != nil || !bytes.Equal(got, noise(1, size)) {
						t.Errorf("%s is not what was sent", name)
					}
				}
				if fingerprint(t, victim) != before || fingerprint(t, victim+".new") != "nothing" {
					t.Error("a file outside of the folder was written")
				}
			})
		}
	}
}

// The same for the sessions that send a file in parts.
func TestReceiverOfPartsLeavesWhatHasTheNameOfItsUnfinishedFile(t *testing.T) {
	for kind, put := range inTheWay {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			from, to, victim := filepath.Join(dir, "from"), filepath.Join(dir, "to"), filepath.Join(dir, "victim")
			write(t, filepath.Join(from, "big"), noise(1, 10<<20))
			write(t, victim, noise(7, 4<<20))
			before := fingerprint(t, victim)
			if err := os.Mkdir(to, 0o755); err != nil {
				t.Fatal(err)
			}
			kept := map[string]string{}
			for _, name := range []string{"big.partial", "big.aspx", "big.1-2.aspx", "big.2-2.aspx"} {
				p := filepath.Join(to, name)
				put(t, p, victim)
				kept[p] = fingerprint(t, p)
			}
			for _, x := range shares(t, from, to, 2) {
				x.mustDo(t)
			}
			for p, was := range kept {
				if fingerprint(t, p) != was {
					t.Errorf("%s is another", filepath.Base(p))
				}
			}
			if got, err := os.ReadFile(filepath.Join(to, "big")); err != nil || !bytes.Equal(got, noise(1, 10<<20)) {
				t.Error("what arrived is not what was sent")
			}
			if fingerprint(t, victim) != before || fingerprint(t, victim+".new") != "nothing" {
				t.Error("a file outside of the folder was written")
			}
		})
	}
}

// What takes the place of an unfinished file between two sessions is not written into, and is still there afterwards.
func TestReceiverLeavesWhatReplacedItsUnfinishedFile(t *testing.T) {
	const size = 8 << 20
	for _, policy := range []string{manifest.ResumeNone, manifest.ResumeAttrs, manifest.ResumeSparse,
		manifest.ResumeFull} {
		for kind, put := range inTheWay {
			if policy != manifest.ResumeSparse && !strings.HasSuffix(kind, "file") {
				continue // What can't be opened is not compared.
			}
			for _, suffix := range []string{".partial", ".aspx"} {
				t.Run(policy+" "+kind+" "+suffix, func(t *testing.T) {
					x := run{from: t.TempDir(), to: t.TempDir(), cutAfter: 3 << 20, options: control.Options{Resume: policy}}
					victim := filepath.Join(t.TempDir(), "victim")
					write(t, victim, noise(7, 4<<20))
					before := fingerprint(t, victim)
					write(t, filepath.Join(x.from, "f"), noise(1, size))
					x.do(t)
					p := filepath.Join(x.to, "f"+suffix)
					if err := os.Remove(p); err != nil {
						t.Fatal(err)
					}
					put(t, p, victim)
					was := fingerprint(t, p)
					x.cutAfter = 0
					x.mustDo(t)
					if fingerprint(t, p) != was {
						t.Errorf("%s is another", filepath.Base(p))
					}
					if got, err := os.ReadFile(filepath.Join(x.to, "f")); err != nil || !bytes.Equal(got, noise(1, size)) {
						t.Error("what arrived is not what was sent")
					}
					if fingerprint(t, victim) != before || fingerprint(t, victim+".new") != "nothing" {
						t.Error("a file outside of the folder was written")
					}
				})
			}
		}
	}
}

// What somebody has put under a reserved name is not opened: not even the names that nobody else uses lead out.
func TestReceiverOpensNothingUnderReservedNames(t *testing.T) {
	for kind, put := range inTheWay {
		t.Run(kind, func(t *testing.T) {
			dir := t.TempDir()
			from, to, victim := filepath.Join(dir, "from"), filepath.Join(dir, "to"), filepath.Join(dir, "victim")
			write(t, victim, noise(7, 4<<20))
			before := fingerprint(t, victim)
			long := strings.Repeat("n", 255)
			stems := map[string]string{}
			if err := os.Mkdir(to, 0o755); err != nil {
				t.Fatal(err)
			}
			for name, size := range map[string]int{"small": 10, "empty": 0, long: 3 << 20, "big": 10 << 20} {
				write(t, filepath.Join(from, name), noise(1, size))
				stems[name] = reservedStemOf(name)
			}
			for _, stem := range stems {
				for _, suffix := range []string{".partial", ".aspx", ".1-2.aspx"} {
					put(t, filepath.Join(to, stem+suffix), victim)
				}
			}
			for _, x := range shares(t, from, to, 2) {
				x.do(t) // A folder of such a name fails its file.
			}
			if fingerprint(t, victim) != before || fingerprint(t, victim+".new") != "nothing" {
				t.Error("a file outside of the folder was written")
			}
			for name := range stems {
				got, err := os.ReadFile(filepath.Join(to, name))
				sent, _ := os.ReadFile(filepath.Join(from, name))
				if err == nil != (kind != "a folder") || err == nil && !bytes.Equal(got, sent) {
					t.Errorf("%.9s: arrived: %v", name, err)
				}
			}
		})
	}
}

// A target that is a link is replaced by the file; where it leads stays as it is.
func TestReceiverReplacesLinks(t *testing.T) {
	for _, size := range []int{0, 10, 3 << 20} {
		for _, policy := range []string{manifest.OverwriteAlways, manifest.OverwriteDiff} {
			x := run{from: t.TempDir(), to: t.TempDir(), options: control.Options{Overwrite: policy}}
			victim := filepath.Join(t.TempDir(), "victim")
			write(t, victim, noise(7, size+1))
			write(t, filepath.Join(x.from, "f"), noise(1, size))
			if err := os.Symlink(victim, filepath.Join(x.to, "f")); err != nil {
				t.Fatal(err)
			}
			x.mustDo(t)
			if got := fingerprint(t, filepath.Join(x.to, "f")); got != "file "+string(noise(1, size)) {
				t.Errorf("%d bytes: the link is not replaced: %.20q", size, got)
			}
			if fingerprint(t, victim) != "file "+string(noise(7, size+1)) {
				t.Error("a file outside of the folder was written")
			}
		}
	}
}

// A user's file whose name ends like that of an unfinished file is a file like others, unless
// it would take the place of one.
func TestReceiverTakesFilesNamedLikeUnfinishedOnes(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir()}
	for _, name := range []string{"page.aspx", "download.partial", ".aspx", ".partial"} {
		write(t, filepath.Join(x.from, name), noise(3, 2<<20))
	}
	x.mustDo(t)
	if sent, got := tree(t, x.from), tree(t, x.to); len(got) != 4 || len(got) != len(sent) {
		t.Errorf("arrived: %v", got)
	}

	cut := run{from: t.TempDir(), to: x.to, cutAfter: 5 << 20}
	write(t, filepath.Join(cut.from, "f"), noise(1, 20<<20))
	cut.do(t)
	for _, name := range []string{"f.partial", "f.aspx"} {
		was := fingerprint(t, filepath.Join(x.to, name))
		y := run{from: t.TempDir(), to: x.to, options: control.Options{Overwrite: manifest.OverwriteAlways}}
		write(t, filepath.Join(y.from, name), noise(5, 2<<20))
		y.do(t)
		if e := y.events[name].Err; e == nil || !strings.Contains(e.Text, "part of the unfinished file f") {
			t.Errorf("%s: %v", name, e)
		}
		if fingerprint(t, filepath.Join(x.to, name)) != was {
			t.Errorf("%s is another", name)
		}
	}
	moved := cut.link.moved
	cut.cutAfter = 0
	cut.mustDo(t)
	if cut.link.moved > 20<<20-moved+1<<20 {
		t.Errorf("%d bytes moved again", cut.link.moved)
	}
}

// A journal without its partial file does not vouch for a user's file that gets the name.
func TestReceiverKeepsAFileBesideAStaleJournal(t *testing.T) {
	x := run{from: t.TempDir(), to: t.TempDir(), cutAfter: 5 << 20}
	write(t, filepath.Join(x.from, "f"), noise(1, 20<<20))
	x.do(t)
	if err := os.Remove(filepath.Join(x.to, "f.partial")); err != nil {
		t.Fatal(err)
	}
	y := run{from: t.TempDir(), to: x.to}
	write(t, filepath.Join(y.from, "f.partial"), noise(5, 20<<20))
	y.mustDo(t)
	x.cutAfter = 0
	x.mustDo(t)
	for name, seed := range map[string]uint64{"f": 1, "f.partial": 5} {
		if fingerprint(t, filepath.Join(x.to, name)) != "file "+string(noise(seed, 20<<20)) {
			t.Errorf("%s is another", name)
		}
	}
}

// Links and folders named like unfinished files are refused, whoever sends them and whatever else the session has.
func TestReceiverRefusesLinksAndFoldersNamedLikeUnfinishedFiles(t *testing.T) {
	link := func(p string) control.Entry {
		return control.Entry{Kind: control.KindLink, Path: p, Attributes: &control.Attributes{Link: "../victim"}}
	}
	refused := []control.Entry{
		link("y.partial"), link("y.aspx"), link("y.1-2.aspx"), link(reservedStemOf("y") + ".partial"), link("d.partial/l"),
		{Kind: control.KindFolder, Path: "e.partial"},
		{Kind: control.KindFolder, Path: "sub/e.aspx"},
		{Kind: control.KindFolder, Path: "g.partial/sub"},
		{Kind: control.KindFile, Path: "h.partial/f", Size: 10},
		{Kind: control.KindFile, Path: reservedStemOf("y") + ".partial", Size: 10},
		{Kind: control.KindFile, Path: reservedStemOf("y") + ".1-2.aspx", Size: 10},
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "victim"), []byte("victim"))
	to := filepath.Join(dir, "to")
	if err := os.Mkdir(to, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, e := range refused {
		hostile, ended := receiverOf(t, to, control.Options{Symlinks: manifest.SymlinksForce})
		if err := hostile.send(&e); err != nil {
			t.Fatal(err)
		}
		m, err := hostile.read()
		if done, ok := m.(*control.FileDone); err != nil || !ok || done.Status != control.FileFailed {
			t.Errorf("%s: %+v %v", e.Path, m, err)
		}
		hostile.close()
		<-ended
	}
	if entries, err := os.ReadDir(to); err != nil || len(entries) != 0 {
		t.Errorf("made: %v %v", entries, err)
	}
}
