package service_test

import (
	"path/filepath"
	"testing"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/test/faspextest"
)

// faspex-R11 (the client's half, that it asks then, is TestPassphraseIsAsked in cmd/ascp): the transfer spec of a package
// says that it is decrypted if its sender protected it, and also if nothing but a file in one of its folders is encrypted.
func TestEncryptedFilesAreDecrypted(t *testing.T) {
	s := newScene(t)
	s.configure(map[string]any{"require_encryption_at_rest": "optional"})
	for _, test := range []struct {
		protected bool
		file      string
		want      string
	}{{false, "deep/folder/a.txt", ""}, {false, "deep/folder/a.txt.aspera-env", "decrypt"}, {true, "a.txt.aspera-env", "decrypt"}} {
		p := s.create(func(b *api.PackageCreate) { b.EARenabled = test.protected })
		session := s.beginUpload(p)
		s.node.Write(t, filepath.Join(faspextest.PackageFolder(p), "plain.txt"), "1")
		s.node.Write(t, filepath.Join(faspextest.PackageFolder(p), test.file), "2")
		session.Progress(2, 2, 2)
		session.Finish(t, "")
		s.run()
		s.want(p, "released", "completed")
		spec, err := s.bob.DownloadSpec(t.Context(), p.ID, nil)
		if err != nil || spec.ContentProtection != test.want {
			t.Errorf("%+v: %q, %v", test, spec.ContentProtection, err)
		}
	}
}
