package transfer

import (
	"encoding/json"
	"strings"

	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// PreventsHTTP says that the tags of a transfer forbid downloads over HTTP: aspera.faspex.prevent_http_download is
// true.
func PreventsHTTP(tags json.RawMessage) bool {
	var t struct {
		Aspera struct {
			Faspex struct {
				Prevent any `json:"prevent_http_download"`
			} `json:"faspex"`
		} `json:"aspera"`
	}
	if json.Unmarshal(tags, &t) != nil {
		return false
	}
	return t.Aspera.Faspex.Prevent == true || t.Aspera.Faspex.Prevent == "true"
}

// refuseHTTP refuses a download by an HTTP gateway where the tags that were sealed with the token forbid it
// (TestHTTPDownloadIsPrevented).
func refuseHTTP(g token.Grant, agent string) error {
	if g.Direction == token.Receive && strings.HasPrefix(agent, control.GatewayAgent) && PreventsHTTP(g.Tags) {
		return fail.New(fail.Authorization, "these files may not be downloaded over HTTP: use ascp")
	}
	return nil
}
