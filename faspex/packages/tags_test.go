package packages_test

import (
	"bytes"
	"testing"

	"faspex.io/operator/faspex/packages"
)

func key(b byte) []byte { return bytes.Repeat([]byte{b}, 32) }

func TestSignerBindsTagsToTheirScope(t *testing.T) {
	s := packages.NewSigner([][]byte{key(1)})
	tags := packages.Tags{PackageID: "1", PackageUUID: "u", AccountID: "2", Account: "a", Whole: true}
	scope := packages.Scope{Direction: "send", NodeID: 3, Folder: "/packages/u.incoming"}
	signed := s.Sign(tags, scope)
	if !s.Verify(signed, scope) {
		t.Fatal("what was signed is not verified")
	}
	for name, change := range map[string]func(*packages.Tags, *packages.Scope){
		"package id":   func(t *packages.Tags, _ *packages.Scope) { t.PackageID = "12" },
		"package uuid": func(t *packages.Tags, _ *packages.Scope) { t.PackageUUID = "v" },
		"account id":   func(t *packages.Tags, _ *packages.Scope) { t.AccountID = "" },
		"account":      func(t *packages.Tags, _ *packages.Scope) { t.Account = "b" },
		"whole":        func(t *packages.Tags, _ *packages.Scope) { t.Whole = false },
		"no mac":       func(t *packages.Tags, _ *packages.Scope) { t.MAC = "" },
		"short mac":    func(t *packages.Tags, _ *packages.Scope) { t.MAC = t.MAC[:40] },
		"direction":    func(_ *packages.Tags, s *packages.Scope) { s.Direction = "receive" },
		"node":         func(_ *packages.Tags, s *packages.Scope) { s.NodeID = 4 },
		"folder":       func(_ *packages.Tags, s *packages.Scope) { s.Folder = "/packages/u" },
		// Two fields whose texts, one behind the other, are the same.
		"moved letter": func(t *packages.Tags, _ *packages.Scope) { t.PackageID, t.PackageUUID = "1u", "" },
	} {
		other, where := signed, scope
		change(&other, &where)
		if s.Verify(other, where) {
			t.Errorf("another %s is verified", name)
		}
	}
}

func TestSignerKnowsTheKeyBeforeTheLastRotation(t *testing.T) {
	scope := packages.Scope{Direction: "send", NodeID: 3, Folder: "/f"}
	old := packages.NewSigner([][]byte{key(1)})
	now := packages.NewSigner([][]byte{key(2), key(1)})
	if !now.Verify(old.Sign(packages.Tags{PackageID: "1"}, scope), scope) {
		t.Error("what was signed before the rotation is not verified")
	}
	if old.Verify(now.Sign(packages.Tags{PackageID: "1"}, scope), scope) {
		t.Error("a new signature is verified by the old key")
	}
	names := now.Accounts("7")
	if len(names) != 2 || names[1] != old.Accounts("7")[0] || names[0] == names[1] || names[0] == now.Accounts("8")[0] {
		t.Errorf("names of accounts: %v", names)
	}
}

func TestTagsSubsetNamesWhatIsSet(t *testing.T) {
	raw, err := packages.Tags{PackageUUID: "u", PackageID: "1", Whole: true}.Subset()
	if want := `{"aspera":{"faspex":{"package_uuid":"u"}}}`; err != nil || string(raw) != want {
		t.Errorf("%s, %v; want %s", raw, err, want)
	}
}
