package core

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/nodes"
)

const (
	gatewayTestTime = 10 * time.Second
	gatewayMostInfo = 64 << 10
)

// gatewayTexts say why a gateway could not be reached, in few texts that tell nothing of what else is in the network.
var gatewayTexts = map[nodes.Failure]string{
	nodes.NotResolved: "The name of the gateway cannot be resolved.",
	nodes.Refused:     "The gateway refused the connection.",
	nodes.Unreachable: "The gateway cannot be reached.",
	nodes.TimedOut:    "The gateway did not answer in time.",
	nodes.NotTrusted:  "The certificate of the gateway is not trusted by this server. Browsers may trust it all the same.",
	nodes.NoTLS:       "The gateway and Faspex did not agree on TLS.",
}

const notAGateway = "What answers there is not an HTTP gateway."

// registerGatewayTest adds the call behind "Test connection": an addition of this implementation.
func (s *Server) registerGatewayTest() {
	register(s, operation{method: http.MethodPost, path: v5 + "/configuration/http_gateway/test", id: "test-http-gateway",
		what: "configuration", access: configurers,
		summary: "Call an HTTP gateway that is not stored, or the one that is in force, and tell how it went"},
		func(ctx context.Context, in *struct{ Body api.GatewayTestRequest }) (*body[api.GatewayTest], error) {
			address := in.Body.URL
			if address == "" {
				c, err := s.auth.Configuration(ctx)
				if err != nil {
					return nil, err
				}
				told := c.HTTPGatewayURL
				if told == nil {
					told = s.gatewayURL()
				}
				if told == nil {
					return nil, badField("There is no gateway to test. Enter its address.", "http_gateway_url")
				}
				address = *told
			}
			return answerWith(s.tryGateway(ctx, address)), nil
		})
}

// gatewayAddress matches where gateways are, in the published form or without the version.
var gatewayAddress = regexp.MustCompile(`^https?://[^/?#]+` + GatewayPath + `(/v[123])?/?$`)

// tryGateway asks a gateway who it is.
func (s *Server) tryGateway(ctx context.Context, address string) api.GatewayTest {
	out := api.GatewayTest{URL: address, Status: "failed"}
	u, err := url.Parse(address)
	if err != nil || u.User != nil || !gatewayAddress.MatchString(address) {
		out.Message = "The address of a gateway has the form https://gateway.example.com" + GatewayPath + "/v1."
		return out
	}
	ctx, cancel := context.WithTimeout(ctx, gatewayTestTime)
	defer cancel()
	out.Version, err = s.askGateway(ctx, strings.TrimSuffix(address, "/")+"/info")
	if err == nil {
		out.Status = "completed"
		return out
	}
	out.Message = notAGateway
	if text, known := gatewayTexts[nodes.FailureOf(err)]; known {
		out.Message = text
	}
	return out
}

var errNoGateway = errors.New("not an HTTP gateway")

// askGateway reads the version that a gateway tells. It follows no redirects: clients of gateways do not.
func (s *Server) askGateway(ctx context.Context, address string) (string, error) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: s.gatewayRoots}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", errNoGateway
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, gatewayMostInfo))
	if err != nil {
		return "", err
	}
	var told struct {
		Name    string   `json:"name"`
		Version string   `json:"version"`
		Upload  []string `json:"upload_endpoint"`
		All     []string `json:"endpoints"`
	}
	if res.StatusCode != http.StatusOK || json.Unmarshal(text, &told) != nil || told.Version == "" ||
		len(told.Upload)+len(told.All) == 0 {
		return "", errNoGateway
	}
	return told.Version, nil
}
