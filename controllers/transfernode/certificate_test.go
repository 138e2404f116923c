package transfernode_test

import (
	"crypto/x509"
	"encoding/pem"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	"faspex.io/operator/controllers/controllertest"
	desired "faspex.io/operator/controllers/desired/transfernode"
)

// TestCertificateCoversTheMachines has machines come one after the other: WebSocket clients are told the address of the
// machine that has their transfer, so the certificate is made again for it.
func TestCertificateCoversTheMachines(t *testing.T) {
	t.Parallel()
	field := controllertest.New(t)
	node := field.TransferNode()
	node.Spec.Ports = &v1alpha1.TransferNodePorts{WSS: 9093}
	field.Create(t, node)
	for machine, address := range map[string]string{"m1": "192.0.2.1", "m2": "2001:db8::2"} {
		runPod(t, field, machine, address)
		field.Touch(t, &v1alpha1.TransferNode{}, nodeName)
		field.Eventually(t, "a certificate for "+address, func() bool {
			secret := &corev1.Secret{}
			if field.Client.Get(t.Context(), field.Key(desired.NamesOf(nodeName).TLS), secret) != nil {
				return false
			}
			block, _ := pem.Decode(secret.Data[certificate.CertKey])
			leaf, err := x509.ParseCertificate(block.Bytes)
			return err == nil && leaf.VerifyHostname(address) == nil && leaf.VerifyHostname(desired.Host(node)) == nil
		})
	}
}
