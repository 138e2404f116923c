package main

import (
	"path/filepath"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/test/mariadbd"
)

// node-27: refused log-ins are counted by door and reason, without names or addresses.
func TestRefusedLoginsAreCounted(t *testing.T) {
	t.Parallel()
	n := newNode(t, "n1", mariadbd.Start(t).Database(t))
	n.cfg.Ports.WSS = freePort(t)
	n.start(t)
	n.sharedKey(t)
	for _, credentials := range [][2]string{{"node", "wrong"}, {"nobody-at-all", "wrong"}} {
		n.answerTo(t, credentials[0], credentials[1])
	}
	source := filepath.Join(t.TempDir(), "f")
	write(t, source, "x")
	for _, wss := range []bool{false, true} {
		for _, token := range []string{"Basic YWs6d3Jvbmc=", "ATM3_nonsenseTA"} { // ak:wrong
			spec := n.keySpec("ak", transferspec.Send, source, "/")
			spec.Token, spec.WSSEnabled, spec.WSSPort = token, wss, n.cfg.Ports.WSS
			cmd := command(t, spec)
			cmd.Env = append(cmd.Env, "SSL_CERT_FILE="+filepath.Join(n.cfg.Secrets.TLS, "tls.crt"))
			if out, err := cmd.CombinedOutput(); err == nil {
				t.Errorf("%s is taken: %s", token, out)
			}
		}
	}
	for _, want := range []string{
		`hsts_logins_refused_total{door="api",reason="credentials"} 2`,
		`hsts_logins_refused_total{door="ssh",reason="credentials"} 1`,
		`hsts_logins_refused_total{door="ssh",reason="invalid"} 1`,
		`hsts_logins_refused_total{door="wss",reason="credentials"} 1`,
		`hsts_logins_refused_total{door="wss",reason="invalid"} 1`,
	} {
		eventually(t, want, func() (any, bool) {
			metrics := get(t, n.metrics+"/metrics")
			return grepLines(metrics, "hsts_logins"), strings.Contains(metrics, want)
		})
	}
	if metrics := get(t, n.metrics+"/metrics"); strings.Contains(metrics, "nobody-at-all") ||
		strings.Contains(metrics, "127.0.0.1") {
		t.Error("a metric names a user or an address")
	}
}

func grepLines(text, part string) (found []string) {
	for line := range strings.SplitSeq(text, "\n") {
		if strings.Contains(line, part) {
			found = append(found, line)
		}
	}
	return found
}
