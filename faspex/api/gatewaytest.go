package api

// GatewayTestRequest names the HTTP gateway to call; without an address it is the one that clients are told of.
type GatewayTestRequest struct {
	URL string `json:"http_gateway_url,omitempty" maxLength:"1024"`
}

// GatewayTest tells how a call to an HTTP gateway went.
type GatewayTest struct {
	URL     string `json:"http_gateway_url"`
	Status  string `json:"status" enum:"completed,failed"`
	Message string `json:"status_message" doc:"why it failed, as a sentence"`
	Version string `json:"version" doc:"what the gateway tells"`
}
