package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
	"github.com/google/go-cmp/cmp"
)

func noEnv(string) string { return "" }

// This is how existing programs call ascp: published names, this order, values as words of their own.
func TestCommandLineOfOtherPrograms(t *testing.T) {
	t.Parallel()
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("a b\nä"), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := parse([]string{
		"-M", "1234", "-C1:1", "-q", "-DD", "-i", "key.pem", "--exclude-newer-than", "-1", "--check-sshfp", "ab", "-c",
		"aes128", "-d", "-O", "33002",
		"--mode", "send", "--host", "h", "-m", "0", "--overwrite", "always", "--policy", "high", "-k", "3", "-P", "22",
		"--user", "u",
		"--source-prefix64", "L3By", "--symbolic-links", "skip", "--tags64", "eyJhIjoxfQ==", "-l", "5000", "-y", "0", "-p",
		"true", "--dest64",
		"--file-list=" + list, "Lw==",
	}, func(name string) string {
		return map[string]string{"ASPERA_SCP_TOKEN": "T", "ASPERA_SCP_COOKIE": "C"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	if r.options.NewerThan < 1700000000 {
		t.Errorf("newer than %d", r.options.NewerThan)
	}
	r.options.NewerThan = 0
	want := &request{
		direction: transferspec.Send, host: "h", user: "u", sshPort: 22, udpPort: 33002, keyFiles: []string{"key.pem"},
		fingerprint: "ab",
		sources:     []transferspec.Path{{Source: "a b"}, {Source: "ä"}}, sourcePrefix: "/pr", destination: "/", token: "T",
		cookie: "C",
		tags:   []byte(`{"a":1}`), quiet: true, debug: true, managementPort: 1234,
	}
	want.options.CreateDir, want.options.Overwrite, want.options.Resume, want.options.Symlinks = true, "always",
		"full_csum", "skip"
	want.options.PreserveTimes, want.options.PreserveModes, want.options.TargetKbps = true, true, 5000
	want.options.Session, want.options.Sessions = 1, 1
	want.options.Checksum, want.options.Cipher, want.options.RatePolicy = "none", "aes-128-gcm", "high"
	want.options.Xattrs, want.options.ACLs = "none", "none"
	if diff := cmp.Diff(want, r, cmp.AllowUnexported(request{}, sourceFate{}, fileList{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAttributesToKeep(t *testing.T) {
	t.Parallel()
	want := control.Options{
		Resume: "sparse_csum", Overwrite: "diff", Checksum: "none",
		Symlinks: "copy+force", PreserveAccessTimes: true, PreserveTimes: true, PreserveUID: true, PreserveGID: true,
		Xattrs: "native", ACLs: "native",
	}
	r, err := parse(strings.Fields("--symbolic-links=copy+force --preserve-access-time "+
		"--preserve-modification-time --preserve-file-owner-uid "+
		"--preserve-file-owner-gid --preserve-xattrs=native --remote-preserve-xattrs=native --preserve-acls=native a h:b"),
		noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, r.options); diff != "" {
		t.Errorf("command line (-want +got):\n%s", diff)
	}
	spec := filepath.Join(t.TempDir(), "spec")
	err = os.WriteFile(spec, []byte(`{"direction":"send","remote_host":"h","destination_root":"/","paths":[{"source":"a"}],
		"symlink_policy":"copy+force",
		"preserve_access_time":true,"preserve_modification_time":true,"preserve_file_owner_uid":true,
		"preserve_file_owner_gid":true,
		"preserve_extended_attrs":"native","preserve_acls":"native","preserve_remote_acls":"native"}`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if r, err = parse([]string{"--transfer-spec", spec}, noEnv); err != nil {
		t.Fatal(err)
	}
	want.CreateDir = true
	if diff := cmp.Diff(want, r.options); diff != "" {
		t.Errorf("transfer spec (-want +got):\n%s", diff)
	}
}

// TestCommandLineOfArchives has the command lines that public archives of genomes print: node-7.
func TestCommandLineOfArchives(t *testing.T) {
	t.Parallel()
	const rest = " -l 300m -P33001 -k1 -i key src user@host:dst"
	for line, policy := range map[string]string{
		"-QT": "fair", "-TQ": "fair", "-Q": "fair", "-QQ": "low", "-QQT": "low", "-Q -Q": "low",
		"-Q --policy=high": "high", "": "", "-v -6 -u tag -S /usr/bin/ascp -f /etc/aspera.conf -K 1000 -w r": "",
	} {
		r, err := parse(strings.Fields(line+rest), noEnv)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if r.options.RatePolicy != policy || r.sshPort != 33001 || r.options.TargetKbps != 300000 || r.host != "host" ||
			r.user != "user" || r.options.CipherOptional != strings.Contains(line, "T") {
			t.Errorf("%s: %+v", line, r)
		}
	}
	want := []control.Filter{{Pattern: "a", Include: true}, {Pattern: "b"}, {Pattern: "c", Include: true}, {Pattern: "*"}}
	r, err := parse([]string{"-N", "a", "-Eb", "--include=c", "-E", "*", "x", "h:y"}, noEnv)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, r.options.Filters); diff != "" {
		t.Errorf("filters (-want +got):\n%s", diff)
	}
}

// The plain forms say what the forms in base64 say: node-9.
func TestPlainFormsOfBases(t *testing.T) {
	t.Parallel()
	for plain, coded := range map[string]string{"--src-base=/a b": "--src-base64=L2EgYg==",
		"--source-prefix=/a b": "--source-prefix64=L2EgYg=="} {
		want, err := parse([]string{coded, "/a b/c", "h:d"}, noEnv)
		got, err2 := parse([]string{plain, "/a b/c", "h:d"}, noEnv)
		if err != nil || err2 != nil || want.sourceBase+want.sourcePrefix != "/a b" {
			t.Fatal(err, err2)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(request{}, sourceFate{}, fileList{})); diff != "" {
			t.Errorf("%s (-%s +%s):\n%s", plain, coded, plain, diff)
		}
		if _, err := parse([]string{plain, coded, "/a b/c", "h:d"}, noEnv); err == nil {
			t.Errorf("%s and %s are taken", plain, coded)
		}
	}
}

func TestBadCommandLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, says string
	}{
		"two forms of a base":   {"--src-base=/a --src-base64=L2E= a h:b", "give one"},
		"two forms of a prefix": {"--source-prefix64=L2E= --source-prefix=/a a h:b", "give one"},
		"bad pattern":           {"-E [ a h:b", "can't be read"},
		"no host":               {"a b", "which side is the server"},
		"both sides":            {"h:a h:b", "both have a host"},
		"one word":              {"a", "a source and a destination are needed"},
		"mode without host":     {"--mode send a b", "needs --host"},
		"bad mode":              {"--mode up --host h a b", "send or recv"},
		"no encryption":         {"-T -c aes128 a h:b", "exclude each other"},
		"parallel sessions":     {"-C5:4 a h:b", "as in 1:2"},
		"known but unsupported": {"--preserve-creation-time a h:b", "--preserve-creation-time is not supported"},
		"keepalive alone":       {"--keepalive --mode=send --host=h /", "needs a manager"},
		"keepalive and files":   {"--keepalive -M 5 a h:b", "the manager names the files"},
		"keepalive to receive":  {"--keepalive -M 5 --mode=recv --host=h .", "is for sending"},
		"with value":            {"--proxy=/x a h:b", "--proxy is not supported"},
		"sources of the server": {"--move-after-transfer=/x h:a b", "stays at the server"},
		"removed, to nowhere":   {"--remove-after-transfer h:a faux://", "received them as files"},
		"removed, by several":   {"--remove-after-transfer -C1:2 h:a b", "received them as files"},
		"moved and removed":     {"--remove-after-transfer --move-after-transfer=/x a h:b", "exclude each other"},
		"unknown":               {"--no-such-thing a h:b", "unknown flag"},
		"bad share":             {"-l 0% a h:b", "between 1% and 100%"},
		"bad rate":              {"-l fast a h:b", "-l takes a rate"},
		"bad resume":            {"-k 9 a h:b", "-k takes"},
		"bad policy":            {"--policy greedy a h:b", "rate policy \"greedy\" is not supported"},
		"fixed without rate":    {"--policy fixed a h:b", "fixed needs a target rate"},
		"bad base64":            {"--source-prefix64 % a h:b", "is not base64"},
		"bad tags":              {"--tags {x a h:b", "not JSON"},
		"links of no policy":    {"--symbolic-links move a h:b", "is not supported"},
		"attributes in a file":  {"--preserve-xattrs metafile a h:b", "is not supported"},
		"attributes one-sided":  {"--preserve-acls native --remote-preserve-acls none a h:b", "at both ends"},
		"faux without size":     {"faux:///x h:b", "the size is missing"},
		"faux of the server":    {"h:faux:///x?1m b", "of this computer"},
		"faux at the server":    {"a h:faux://", "a folder or file of the server"},
		"stdio twice":           {"stdio://a?1 stdio://b?2 h:c", "one standard input"},
		"files and streams":     {"a faux:///x?1m h:b", "can't be sent together"},
		"another scheme":        {"s3://x/y h:b", "sources that are not files"},
		"host with a port":      {"--mode=send --host=h:22 a /b", "-P names that"},
		"an empty source":       {"'' h:b", "an empty name"},
		"missing list":          {"--file-list=/nowhere --mode send --host h /", "can't be read"},
		"two hosts":             {"h:a g:b .", "all sources are on one host"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(words(c.args), noEnv)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}

// words are those of a command line, in which ” is an empty one.
func words(line string) []string {
	out := strings.Fields(line)
	for i, w := range out {
		if w == "''" {
			out[i] = ""
		}
	}
	return out
}

func TestRemote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string][3]string{
		"u@h:/p":             {"u", "h", "/p"},
		"h:p":                {"", "h", "p"},
		"h:":                 {"", "h", ""},
		"u@[2001:db8::1]:/p": {"u", "2001:db8::1", "/p"},
		"u@h:/p@q:r":         {"u", "h", "/p@q:r"},
		"u@dom.ain@h:p@q":    {"u@dom.ain", "h", "p@q"},
		"u@d@[::1]:/p":       {"u@d", "::1", "/p"},
	} {
		user, host, path, ok := remote(word)
		if got := [3]string{user, host, path}; !ok || got != want {
			t.Errorf("%s: %v %v", word, got, ok)
		}
	}
	for _, word := range []string{"/a:b", "./a:b", "plain", ":x", "a/b@c:d"} {
		if _, _, _, ok := remote(word); ok {
			t.Errorf("%s is taken for remote", word)
		}
	}
}

func TestRates(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"": 0, "100000": 100000, "100M": 100000, "1.5g": 1500000, "64k": 64} {
		if got, err := kbps("-l", text); got != want || err != nil {
			t.Errorf("%q: %d %v", text, got, err)
		}
	}
}

func TestTransferSpec(t *testing.T) {
	t.Parallel()
	spec := `{"direction":"receive","remote_host":"h","remote_user":"xfer","ssh_port":2222,"fasp_port":3333,"token":"T",
		"cookie":"c","tags":{"aspera":{}},"source_root":"/inbox/1","paths":[{"source":"."}],"create_dir":true,
		"rate_policy":"fair","target_rate_kbps":700,
		"resume_policy":"attrs","cipher":"aes-256","download_name":"ignored"}`
	for name, text := range map[string]string{
		"plain":   spec,
		"wrapped": `{"transfer_spec":` + spec + `}`,
		"marked":  "\ufeff" + spec,
		"listed":  `{"transfer_specs":[{"transfer_spec":` + spec + `}]}`,
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "spec")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			r, err := parse([]string{"--transfer-spec", file, "to"}, noEnv)
			if err != nil {
				t.Fatal(err)
			}
			if r.direction != transferspec.Receive || r.host != "h" || r.sshPort != 2222 || r.udpPort != 3333 ||
				r.token != "T" ||
				r.destination != "to" || r.sourcePrefix != "/inbox/1" || len(r.sources) != 1 || r.options.TargetKbps != 700 ||
				r.options.Resume != "attrs" || r.options.Cipher != "aes-256-gcm" || !r.options.CreateDir {
				t.Errorf("%+v", r)
			}
		})
	}
	t.Run("a secret is not quoted", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "spec")
		if err := os.WriteFile(file, []byte(`{"token":"SECRET","ssh_port":"x"}`), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := parse([]string{"--transfer-spec", file}, noEnv)
		if err == nil || strings.Contains(err.Error(), "SECRET") || !strings.Contains(err.Error(), "ssh_port") {
			t.Errorf("got %v", err)
		}
	})
}

// Programs take the answers apart by these expressions, into the program, its version, that of the product and the
// folder: node-5.
func TestInformation(t *testing.T) {
	t.Parallel()
	if !strings.Contains(versionText(), " version 0.0.0") {
		t.Errorf("-A: %q", versionText())
	}
	for _, args := range [][]string{{"-A"}, {"--version"}, {"-q", "-A", "a", "h:b"}} {
		if _, err := parse(args, noEnv); !errors.Is(err, errVersion) {
			t.Errorf("%v: %v", args, err)
		}
	}
	cmd := process(t, "ascp", "", "-DDL-")
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("-DDL-: %v", err)
	}
	for name, form := range map[string]string{
		"root":    `(?m)^DBG Path root (dir|file) +: /`,
		"program": `(?m)^DBG Path ascp file +: /`,
		"product": `(?m)^LOG (.+) version ([0-9.]+)$`,
		"version": `(?m)^LOG Initializing FASP version ([^,]+),`,
	} {
		if !regexp.MustCompile(form).Match(said.Bytes()) {
			t.Errorf("-DDL- says no %s:\n%s", name, &said)
		}
	}
	// Beside other words they are what they are: debugging and a log, or the name of a file.
	if r, err := parse([]string{"-DDL-", "a", "h:b"}, noEnv); err != nil || !r.debug {
		t.Errorf("-DDL- in a transfer: %v", err)
	}
	if r, err := parse([]string{"--", "-A", "h:b"}, noEnv); err != nil || r.sources[0].Source != "-A" {
		t.Errorf("a file -A: %v", err)
	}
	if _, err := parse([]string{"--help"}, noEnv); !errors.Is(err, errHelp) {
		t.Errorf("--help: %v", err)
	}
	for _, want := range []string{"Examples", "--transfer-spec", "ASPERA_SCP_TOKEN"} {
		if !strings.Contains(help(), want) {
			t.Errorf("the help does not speak of %s", want)
		}
	}
}

func TestFileCrypt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args, pass, says string
	}{
		"encrypt":              {"--file-crypt encrypt a h:b", "long enough", ""},
		"decrypt":              {"--file-crypt=decrypt --fail-bad-filepass h:a b", "short", ""},
		"received as it is":    {"h:a b", "long enough", ""},
		"passphrase not used":  {"a h:b", "long enough", "not --file-crypt encrypt"},
		"no passphrase":        {"--file-crypt encrypt a h:b", "", "needs a passphrase in ASPERA_SCP_FILEPASS"},
		"none to decrypt with": {"--file-crypt decrypt h:a b", "", "needs a passphrase in ASPERA_SCP_FILEPASS"},
		"short":                {"--file-crypt encrypt a h:b", "seven77", "too short: it needs 8 characters"},
		"other value":          {"--file-crypt both a h:b", "long enough", "encrypt or decrypt"},
		"encrypt received":     {"--file-crypt encrypt h:a b", "long enough", "encrypted when they are sent"},
		"decrypt sent":         {"--file-crypt decrypt a h:b", "long enough", "encrypted when they are sent"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := parse(strings.Fields(c.args),
				func(name string) string { return map[string]string{"ASPERA_SCP_FILEPASS": c.pass}[name] })
			if c.says == "" {
				if err != nil || (r.passphrase != nil) != (r.fileCrypt != "") || r.filePass != "" {
					t.Errorf("got %v, %+v", err, r)
				}
				return
			}
			var e *fail.Error
			if !errors.As(err, &e) || e.Code != fail.Usage || !strings.Contains(e.Text, c.says) || c.pass != "" &&
				strings.Contains(e.Text, c.pass) {
				t.Errorf("got %v, want %q", err, c.says)
			}
		})
	}
}
