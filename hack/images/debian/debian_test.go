package debian

import (
	"os/exec"
	"strings"
	"testing"
)

func TestKeyFollowsTheDefinitionAlone(t *testing.T) {
	first, err := MariaDB().key()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if again, err := MariaDB().key(); err != nil || again != first {
			t.Fatalf("key %s became %s, %v", first, again, err)
		}
	}
	changed := MariaDB()
	changed.Packages = append(changed.Packages, "hello")
	if key, err := changed.key(); err != nil || key == first {
		t.Errorf("another package, the same key %s, %v", key, err)
	}
}

func TestAccountHook(t *testing.T) {
	want := `echo 'mysql:x:998:' >> "$1/etc/group"; echo 'mysql:x:999:998::/var/lib/mysql:/usr/sbin/nologin' >> "$1/etc/passwd"`
	if got := accountHook("mysql:999:998:/var/lib/mysql"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestQuote runs the entry point's own function: a password that ends a string early would be a statement.
func TestQuote(t *testing.T) {
	script, err := files.ReadFile("files/mariadb-entrypoint.sh")
	if err != nil {
		t.Fatal(err)
	}
	var function string
	for line := range strings.Lines(string(script)) {
		if strings.HasPrefix(line, "quote()") {
			function = line
		}
	}
	for in, want := range map[string]string{
		`plain`:       `'plain'`,
		`it's`:        `'it''s'`,
		`back\slash`:  `'back\\slash'`,
		`\'; DROP x`:  `'\\''; DROP x'`,
		`$HOME "two"`: `'$HOME "two"'`,
	} {
		out, err := exec.Command("bash", "-c", function+"\nquote \"$1\"", "quote", in).Output()
		if err != nil || string(out) != want {
			t.Errorf("%s: got %s, want %s (%v)", in, out, want, err)
		}
	}
}
