package e2e

import (
	"bytes"
	"io"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/test/lab"
)

// noSecretIsShown looks for every generated password, token key and private key in all
// logs, events, specs and statuses.
func noSecretIsShown(t *testing.T) {
	secrets := secretValues(t)
	if len(secrets) < 8 {
		t.Fatalf("only %d secret values found: this test looks at the wrong place", len(secrets))
	}
	for where, text := range everythingShown(t) {
		for name, value := range secrets {
			if bytes.Contains(text, value) {
				t.Errorf("%s shows the value of %s", where, name)
			}
		}
	}
}

// public are keys of Secrets that are no secret.
var public = map[string]bool{"username": true, "client_id": true, "active": true, "id": true, "tls.crt": true,
	"ca.crt": true, "public.pem": true}

func secretValues(t *testing.T) map[string][]byte {
	t.Helper()
	var list corev1.SecretList
	if err := cluster.Client.List(t.Context(), &list, client.InNamespace(lab.Namespace)); err != nil {
		t.Fatal(err)
	}
	values := map[string][]byte{"the password of alice": []byte(alice.Password),
		"the password of bob": []byte(bob.Password)}
	for _, secret := range list.Items {
		for key, value := range secret.Data {
			if public[key] || strings.HasSuffix(key, ".pub") || strings.HasSuffix(key, "_USERNAME") || len(value) < 12 ||
				strings.HasSuffix(key, "_HOST") || strings.HasSuffix(key, "_DATABASE") {
				continue
			}
			value = bytes.TrimSpace(value)
			// a log would break the lines of a PEM differently: one line is enough
			if bytes.HasPrefix(value, []byte("-----BEGIN")) {
				value = bytes.Split(value, []byte("\n"))[1]
			}
			values["Secret "+secret.Name+", key "+key] = value
		}
	}
	return values
}

func everythingShown(t *testing.T) map[string][]byte {
	t.Helper()
	shown := map[string][]byte{}
	clientset, err := kubernetes.NewForConfig(cluster.REST)
	if err != nil {
		t.Fatal(err)
	}
	var pods corev1.PodList
	if err := cluster.Client.List(t.Context(), &pods); err != nil {
		t.Fatal(err)
	}
	for _, pod := range pods.Items {
		if pod.Namespace != lab.Namespace && pod.Namespace != lab.OperatorNamespace {
			continue
		}
		for _, container := range append(pod.Spec.InitContainers, pod.Spec.Containers...) {
			stream, err := clientset.CoreV1().Pods(pod.Namespace).GetLogs(pod.Name,
				&corev1.PodLogOptions{Container: container.Name}).Stream(t.Context())
			if err != nil {
				t.Fatalf("log of %s/%s: %v", pod.Name, container.Name, err)
			}
			text, err := io.ReadAll(stream)
			if err != nil {
				t.Fatal(err)
			}
			shown["the log of "+pod.Name+"/"+container.Name] = text
		}
	}
	for what, list := range map[string]client.ObjectList{
		"events": &corev1.EventList{}, "pods": &pods, "ConfigMaps": &corev1.ConfigMapList{},
		"FaspexInstances": &v1alpha1.FaspexInstanceList{}, "TransferNodes": &v1alpha1.TransferNodeList{},
		"StorageLocations": &v1alpha1.StorageLocationList{}, "AccessKeys": &v1alpha1.AccessKeyList{},
	} {
		if err := cluster.Client.List(t.Context(), list); err != nil {
			t.Fatal(err)
		}
		text, err := yaml.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		shown[what] = text
	}
	return shown
}
