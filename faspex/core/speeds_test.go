package core_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-U10: rates and their lock come from the server, where an admin set them, from the storage location that
// overrides it, and from the account that overrides both. faspex-AA2: a lock reaches the spec for the minimum rate and for
// the policy. Without any of them they are the node's. faspex-AA3: the cipher is the admin's choice, or none with
// encryption off.
func TestRatesOfSpecs(t *testing.T) {
	x, ctx := newExchange(t), t.Context()
	n, err := x.admin.NodeByName(ctx, "north")
	if err != nil {
		t.Fatal(err)
	}
	inbox, err := x.admin.SharedFolderByName(ctx, n.ID, "inbox")
	if err != nil {
		t.Fatal(err)
	}
	p, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "up", Recipients: to("bob")})
	if err != nil {
		t.Fatal(err)
	}
	got := func() string {
		up, err := x.alice.UploadSpec(ctx, p.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		d, err := x.alice.CreatePackage(ctx, api.PackageCreate{Title: "down", Recipients: to("alice")})
		if err != nil {
			t.Fatal(err)
		}
		x.deliver(t, d.ID)
		x.node.write(t, contentOf(d)+"/a.txt", "12345")
		down, err := x.alice.DownloadSpec(ctx, d.ID, nil)
		if err != nil {
			t.Fatal(err)
		}
		if up.LockMinRate != up.LockRatePolicy || up.LockMinRate != down.LockMinRate || up.Cipher != down.Cipher {
			t.Errorf("locks and ciphers differ: %+v, %+v", up, down)
		}
		return fmt.Sprintln(up.TargetRateKbps, up.TargetRateCapKbps, down.TargetRateKbps, down.TargetRateCapKbps, up.LockMinRate, up.Cipher)
	}
	rates := func(up, upMax, down, downMax int) map[string]any {
		return map[string]any{"kbps_initial_target_upload_rate": up, "kbps_max_target_upload_rate": upMax,
			"kbps_initial_target_download_rate": down, "kbps_max_target_download_rate": downMax,
			"override_transfer_parameters": true, "lock_minrate_policy": false}
	}
	own := got()
	for _, step := range []struct {
		name string
		set  func()
		want string
	}{
		{"the server's", func() {
			x.configure(t, map[string]any{"initial_target_upload_rate_kbps": 11, "max_target_upload_rate_kbps": 12,
				"initial_target_download_rate_kbps": 13, "max_target_download_rate_kbps": 14, "lock_minrate_policy": true,
				"encryption_type": "aes-128-gcm"})
		}, "11 12 13 14 true aes-128-gcm"},
		{"the location's", func() {
			if status, _, body := x.call(t, x.admin, "PUT", "/api/v5/nodes/"+n.ID+"/shared_folders/"+inbox.ID,
				rates(21, 22, 23, 24)); status != http.StatusOK {
				t.Fatalf("%d %s", status, body)
			}
		}, "21 22 23 24 false aes-128-gcm"},
		{"the account's", func() { x.permit(t, "alice", rates(31, 32, 33, 34)) }, "31 32 33 34 false aes-128-gcm"},
		{"unencrypted", func() { x.configure(t, map[string]any{"encrypt_transfers": false}) }, "31 32 33 34 false none"},
	} {
		step.set()
		if is := got(); is != step.want+"\n" || is == own {
			t.Errorf("%s: %s, want %s", step.name, is, step.want)
		}
	}
	if !strings.Contains(own, "false") {
		t.Errorf("the node's own: %s", own)
	}
}

// faspex-AA11: a minimum version of Connect reads X.Y.Z, or is not given.
func TestMinimumConnectVersion(t *testing.T) {
	in := install(t)
	for version, want := range map[string]int{"4.2.8": 200, "0.0.0": 200, "": 200, "4": 400, "4.2": 400, "4.2.8.1": 400,
		"4.2.x": 400, " 4.2.8": 400, "v4.2.8": 400} {
		if status, _, body := in.call(t, in.admin, "PUT", "/api/v5/configuration",
			map[string]any{"min_connect_version": version}); status != want ||
			want == 400 && !strings.Contains(body, "min_connect_version") {
			t.Errorf("%q: %d %s", version, status, body)
		}
	}
}
