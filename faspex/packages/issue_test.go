package packages_test

import (
	"testing"

	"faspex.io/operator/faspex/packages"
)

func TestSignedForHoldsEveryField(t *testing.T) {
	key, old := []byte("the key"), []byte("the key before")
	issue := packages.Issue{Direction: "send", Folder: "/packages/u.incoming", NodeID: 7, TokenUser: "node-user"}
	signed := packages.Tags{Installation: "i", PackageID: "12", PackageUUID: "u", AccountID: "3", Whole: true,
		Side: "sent"}.Sign(key, issue)
	if !signed.SignedFor([][]byte{key}, issue) || !signed.SignedFor([][]byte{[]byte("the next"), key}, issue) {
		t.Error("what was signed is not known again, or not after a rotation of the key")
	}
	if signed.SignedFor([][]byte{old}, issue) || signed.SignedFor(nil, issue) {
		t.Error("signed by a key that is not accepted")
	}
	for name, spoil := range map[string]func(*packages.Tags, *packages.Issue){
		"installation":      func(tags *packages.Tags, _ *packages.Issue) { tags.Installation = "j" },
		"package id":        func(tags *packages.Tags, _ *packages.Issue) { tags.PackageID = "13" },
		"package uuid":      func(tags *packages.Tags, _ *packages.Issue) { tags.PackageUUID = "v" },
		"account":           func(tags *packages.Tags, _ *packages.Issue) { tags.AccountID = "4" },
		"part":              func(tags *packages.Tags, _ *packages.Issue) { tags.Whole = false },
		"side":              func(tags *packages.Tags, _ *packages.Issue) { tags.Side = "received" },
		"direction":         func(_ *packages.Tags, i *packages.Issue) { i.Direction = "receive" },
		"folder":            func(_ *packages.Tags, i *packages.Issue) { i.Folder = "/packages/u" },
		"node":              func(_ *packages.Tags, i *packages.Issue) { i.NodeID = 8 },
		"token's user":      func(_ *packages.Tags, i *packages.Issue) { i.TokenUser = "access-key" },
		"no mac":            func(tags *packages.Tags, _ *packages.Issue) { tags.MAC = "" },
		"mac that is none":  func(tags *packages.Tags, _ *packages.Issue) { tags.MAC = "%%" },
		"mac cut short":     func(tags *packages.Tags, _ *packages.Issue) { tags.MAC = tags.MAC[:8] },
		"a moved separator": func(tags *packages.Tags, _ *packages.Issue) { tags.PackageID, tags.PackageUUID = "12u", "" },
	} {
		tags, of := signed, issue
		spoil(&tags, &of)
		if tags.SignedFor([][]byte{key}, of) {
			t.Errorf("%s: signed", name)
		}
	}
}
