package instance

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"time"

	"github.com/google/uuid"
	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/certificate"
	"faspex.io/operator/controllers/rotation"
	"faspex.io/operator/controllers/secrets"
)

// Keys of the Secrets admin and operator-client.
const (
	AdminUsername = "username"
	AdminPassword = "password"

	OperatorClientID      = "client_id"
	OperatorClientPrivate = "private.pem"
	OperatorClientPublic  = "public.pem"

	operatorClientBits = 3072
)

// DatabaseSecret has the users that provision and migrate. root, if not nil, is the given root user of an external
// database (username, password); otherwise one is invented.
func DatabaseSecret(instance *v1alpha1.FaspexInstance, root map[string][]byte) secrets.Wanted {
	want := wantedSecret(instance, NamesOf(instance.Name).Database, ComponentDatabase)
	want.Keys = []string{KeyRootPassword, KeyAdminPassword}
	want.Fixed = map[string][]byte{KeyRootUsername: []byte("root"),
		KeyAdminUsername: []byte(DatabaseOf(instance).AdminUser)}
	want.Generate = passwords(want.Keys...)
	if root != nil {
		want.Keys = []string{KeyAdminPassword}
		want.Fixed[KeyRootUsername], want.Fixed[KeyRootPassword] = root["username"], root["password"]
	}
	return want
}

// DatabaseUserSecret has the restricted user.
func DatabaseUserSecret(instance *v1alpha1.FaspexInstance) secrets.Wanted {
	want := wantedSecret(instance, NamesOf(instance.Name).DatabaseUser, ComponentDatabase)
	want.Keys = []string{KeyPassword}
	want.Fixed = map[string][]byte{KeyUsername: []byte(DatabaseOf(instance).User)}
	want.Generate = passwords(want.Keys...)
	return want
}

// DatabaseRotationSecret remembers passwords that are being replaced.
func DatabaseRotationSecret(instance *v1alpha1.FaspexInstance) secrets.Wanted {
	return wantedSecret(instance, NamesOf(instance.Name).DatabaseRotation, ComponentDatabase)
}

// CoreSecret has the keys that sign tokens and encrypt columns of the database.
func CoreSecret(instance *v1alpha1.FaspexInstance) secrets.Wanted {
	want := wantedSecret(instance, NamesOf(instance.Name).Core, ComponentCore)
	want.Keys = []string{"FASPEX_CORE_SECRET", "FASPEX_CORE_OLD_SECRET"}
	want.Generate = func() (map[string][]byte, error) {
		return map[string][]byte{"FASPEX_CORE_SECRET": secrets.Key(48), "FASPEX_CORE_OLD_SECRET": secrets.Key(48)}, nil
	}
	return want
}

// UtilitySecret has the user of the utility.
func UtilitySecret(instance *v1alpha1.FaspexInstance) secrets.Wanted {
	want := wantedSecret(instance, NamesOf(instance.Name).Utility, ComponentUtility)
	want.Keys = []string{"FASPEX_UTILITY_PASSWORD"}
	want.Fixed = map[string][]byte{"FASPEX_UTILITY_USERNAME": []byte("admin")}
	want.Generate = passwords(want.Keys...)
	return want
}

// AdminUserSecret has the first administrator.
func AdminUserSecret(instance *v1alpha1.FaspexInstance) secrets.Wanted {
	username := "admin"
	if admin := instance.Spec.Admin; admin != nil && admin.Username != "" {
		username = admin.Username
	}
	want := wantedSecret(instance, NamesOf(instance.Name).Admin, ComponentCore)
	want.Keys = []string{AdminPassword}
	want.Fixed = map[string][]byte{AdminUsername: []byte(username)}
	want.Generate = passwords(want.Keys...)
	return want
}

// OperatorClientSecret has the operator's own API client: an id and the key pair that signs its JWT grants.
func OperatorClientSecret(instance *v1alpha1.FaspexInstance) secrets.Wanted {
	want := wantedSecret(instance, NamesOf(instance.Name).OperatorClient, ComponentCore)
	want.Keys = []string{OperatorClientID, OperatorClientPrivate, OperatorClientPublic}
	want.Replace = func(data map[string][]byte) bool {
		for _, key := range want.Keys {
			if len(data[key]) == 0 {
				return true // the two keys belong together
			}
		}
		return false
	}
	want.Generate = func() (map[string][]byte, error) {
		key, err := rsa.GenerateKey(rand.Reader, operatorClientBits)
		if err != nil {
			return nil, fmt.Errorf("generate key: %w", err)
		}
		private, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			return nil, fmt.Errorf("encode private key: %w", err)
		}
		public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
		if err != nil {
			return nil, fmt.Errorf("encode public key: %w", err)
		}
		return map[string][]byte{
			OperatorClientID:      []byte(uuid.NewString()),
			OperatorClientPrivate: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
			OperatorClientPublic:  pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		}, nil
	}
	return want
}

// CertificateSubject is what the router's certificate has to prove: the host of spec.externalURL. A generated one
// covers the router's names within the cluster too.
func CertificateSubject(instance *v1alpha1.FaspexInstance, generated bool) certificate.Subject {
	host := ExternalHost(instance)
	subject := certificate.Subject{CommonName: host}
	if ip := net.ParseIP(host); ip != nil {
		subject.IPs = []net.IP{ip}
	} else {
		subject.DNSNames = []string{host}
	}
	if generated {
		router := NamesOf(instance.Name).Router
		subject.DNSNames = append(subject.DNSNames, router+"."+instance.Namespace+".svc", router+"."+instance.Namespace+
			".svc.cluster.local")
	}
	return subject
}

// GeneratedTLSSecret has a certificate of our own, renewed when it no longer serves or is old, or at a time that schedule
// says.
func GeneratedTLSSecret(instance *v1alpha1.FaspexInstance, now time.Time, schedule rotation.Schedule) secrets.Wanted {
	subject := CertificateSubject(instance, true)
	want := wantedSecret(instance, NamesOf(instance.Name).TLS, ComponentRouter)
	want.Type = corev1.SecretTypeTLS
	want.Keys = []string{certificate.CertKey, certificate.PrivateKeyKey, certificate.CAKey}
	want.Turn = func(data map[string][]byte) (map[string][]byte, error) {
		if !certificate.Renew(now, data, subject) && !schedule.Due(certificate.Made(data), now) {
			return data, nil
		}
		return certificate.Renewed(now, data, subject)
	}
	want.Generate = func() (map[string][]byte, error) { return certificate.New(now, subject) }
	return want
}

func wantedSecret(instance *v1alpha1.FaspexInstance, name, component string) secrets.Wanted {
	return secrets.Wanted{Name: name, Namespace: instance.Namespace, Labels: Labels(instance, component)}
}

func passwords(keys ...string) func() (map[string][]byte, error) {
	return func() (map[string][]byte, error) {
		data := map[string][]byte{}
		for _, key := range keys {
			data[key] = secrets.Password()
		}
		return data, nil
	}
}
