package dial

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh/knownhosts"
)

func TestKnownHostsBadLines(t *testing.T) {
	key := newKeyOf(t, ed25519Key)
	good := lineOf("node", key)
	bad := []string{
		"", "#", "# node " + good, "node", "node ssh-ed25519", "node ssh-ed25519 AAAA", "node ssh-foo AAAAB3NzaFOO",
		"node ssh-rsa AAAA!!!",
		strings.Replace(good, "ssh-ed25519", "ssh-rsa", 1), "@unknown " + good, "@cert-authority @revoked " +
			good, "@revoked", "@", "\x00\xff",
		"node 1024 35 1234", strings.Repeat("y", 1<<17), good[:len(good)-9], "\ufeff" + "x",
	}
	name := filepath.Join(t.TempDir(), "known_hosts")
	if err := os.WriteFile(name, []byte(strings.Join(bad, "\n")+"\n\t "+good+" a comment\r\n"+good), 0o600); err != nil {
		t.Fatal(err)
	}
	entries, err := readKnownHosts([]string{name})
	if err != nil || len(entries) != 2 || entries[0].line != len(bad)+1 || !sameKey(entries[0].key, key.PublicKey()) {
		t.Errorf("%+v, %v", entries, err)
	}
}

func TestKnownHostsPatterns(t *testing.T) {
	for _, c := range []struct {
		hosts, host string
		want        bool
	}{
		{"node", "node", true}, {"NODE", "node", true}, {"node", "nod", false}, {"nod?", "node", true}, {"node?", "node",
			false}, {"*", "[node]:33001", true},
		{"*.example.com", "a.b.example.com", true}, {"*.example.com", "example.com", false}, {"*.example.com",
			"[a.example.com]:33001", false},
		{"a,,b", "b", true}, {",", "", false}, {"!a,*", "a", false}, {"*,!a", "a", false}, {"!a,*", "b", true}, {"!a", "b",
			false}, {"a*b*c", "aXbYbZc", true},
		{"a*b*c", "aXbYbZ", false}, {"[node]:*", "[node]:1", true}, {strings.Repeat("a*", 500) + "b", strings.Repeat("a",
			5000), false},
		{"|1|", "node", false}, {"|1|a", "node", false}, {"|1|a|b", "node", false}, {"|2|YQ==|YQ==", "node", false}, {"||",
			"node", false}, {"|1|YQ==|YQ==|", "node", false},
	} {
		if got := (entry{hosts: c.hosts}).speaksOf(c.host); got != c.want {
			t.Errorf("%.40q speaks of %.40q: %v", c.hosts, c.host, got)
		}
	}
	if !slices.Equal([]bool{true, false}, []bool{entry{hosts: knownhosts.HashHostname("[n]:1")}.speaksOf("[n]:1"),
		entry{hosts: knownhosts.HashHostname("n")}.speaksOf("m")}) {
		t.Error("hashed names")
	}
}
