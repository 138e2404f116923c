package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

func TestUnknownFieldsAreNamed(t *testing.T) {
	t.Parallel()
	r, err := parseSpec(t, `"no_such_field":"SECRET","SSHFP":"ab","a\u001b[2Jb":null,"c\u001b]0;x\u0007":1`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{`transfer spec: not known and left out: "SSHFP", "c\x1b]0;x\a", "no_such_field"`}
	if !slices.Equal(r.notices, want) {
		t.Errorf("notices %q", r.notices)
	}
	var many []string
	for i := range 40 {
		many = append(many, `"`+strings.Repeat("x", i*10+1)+`":1`)
	}
	r, err = parseSpec(t, strings.Join(many, ","))
	if err != nil || len(r.notices) != 1 || len(r.notices[0]) > 1000 || !strings.HasSuffix(r.notices[0], " and 30 more") {
		t.Errorf("notices %q, %v", r.notices, err)
	}
}

// Notices are for people: a manager that asks for quiet has none before it.
func TestUnknownFieldsAreSaid(t *testing.T) {
	t.Parallel()
	n := startNode(t)
	name, file := filepath.Join(t.TempDir(), "spec"), filepath.Join(t.TempDir(), "f")
	text, err := json.Marshal(map[string]any{
		"remote_host": "127.0.0.1", "ssh_port": n.sshPort, "direction": "send", "destination_root": "/",
		"paths": []any{map[string]any{"source": file}},
		"sshfp": ssh.FingerprintSHA256(n.hostKey), "no_such_field": true,
	})
	if err := errors.Join(err, os.WriteFile(name, text, 0o600), os.WriteFile(file, []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	port, events := manager(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-q"}, "ascp: transfer spec: not known and left out: \"no_such_field\"\n"},
		{[]string{"-q", "-M", port}, ""},
	} {
		var said bytes.Buffer
		cmd := process(t, "ascp", n.sending(t, "/"), append(c.args, "--transfer-spec", name)...)
		cmd.Stderr = &said
		if err := cmd.Run(); err != nil || said.String() != c.says {
			t.Errorf("%v: %v, said %q", c.args, err, said.String())
		}
	}
	<-events
}

// A fingerprint says nothing about a certificate. Who asks for it over a WebSocket hears that; a spec has both as a
// matter of course.
func TestFingerprintOverWebSocket(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fields string
		args   []string
		hears  bool
	}{
		"spec":            {`"sshfp":"ab","wss_enabled":true`, nil, false},
		"spec and option": {`"wss_enabled":true`, []string{"--check-sshfp", "ab"}, true},
		"options":         {`"title":""`, []string{"--check-sshfp", "ab", "--ws-connect"}, true},
		"over SSH":        {`"title":""`, []string{"--check-sshfp", "ab"}, false},
	} {
		r, err := parseSpec(t, c.fields, c.args...)
		if err != nil || (len(r.notices) > 0) != c.hears {
			t.Errorf("%s: %v, %v", name, r, err)
		}
	}
}
