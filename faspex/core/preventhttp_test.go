package core_test

import (
	"net/http"
	"strings"
	"testing"

	"faspex.io/operator/faspex/api"
)

// faspex-R3: recipients of a package that is not to be downloaded by HTTP get neither a spec for the gateway nor an address
// for a browser; by Connect they download it.
func TestPreventedHTTPLeavesConnect(t *testing.T) {
	x := newExchange(t)
	sends := func(title string, prevent bool) api.Package {
		return x.sendPackage(t, x.alice, api.PackageCreate{Title: title, Recipients: to("bob"), PreventHTTPDownload: prevent})
	}
	for _, test := range []struct {
		p       api.Package
		gateway int
	}{{sends("open", false), http.StatusOK}, {sends("prevented", true), http.StatusForbidden}} {
		path := "/api/v5/packages/" + test.p.ID
		status, _, body := x.call(t, x.bob, "POST", path+"/transfer_spec/download?type=received&transfer_type=http_gateway", nil)
		if status != test.gateway || status != http.StatusOK && !strings.Contains(body, `"http_download_prevented"`) {
			t.Errorf("%s, by the gateway: %d %s", test.p.Title, status, body)
		}
		if status, _, body := x.call(t, x.bob, "POST", path+"/download_ticket", nil); (status == http.StatusCreated) !=
			(test.gateway == http.StatusOK) {
			t.Errorf("%s, by a browser: %d %s", test.p.Title, status, body)
		}
		if status, _, body := x.call(t, x.bob, "POST", path+"/transfer_spec/download?type=received&transfer_type=connect",
			nil); status != http.StatusOK || !strings.Contains(body, `"token":"`) {
			t.Errorf("%s, by Connect: %d %s", test.p.Title, status, body)
		}
	}
}
