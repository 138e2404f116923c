package main

import (
	"encoding/base64"
	"fmt"
)

// kubeconfig renders a kubeconfig that needs no other file. All values are base64 or
// constants, so nothing needs quoting.
func kubeconfig(server string, ca []byte, client pemPair) []byte {
	b64 := base64.StdEncoding.EncodeToString
	return fmt.Appendf(nil, `apiVersion: v1
kind: Config
current-context: faspex
clusters:
- name: faspex
  cluster:
    server: %s
    certificate-authority-data: %s
users:
- name: faspex
  user:
    client-certificate-data: %s
    client-key-data: %s
contexts:
- name: faspex
  context: {cluster: faspex, user: faspex}
`, server, b64(ca), b64(client.cert), b64(client.key))
}
