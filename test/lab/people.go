package lab

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os/exec"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/faspex/api"
	faspex "faspex.io/operator/faspex/client"
)

// Person is someone with an account.
type Person struct {
	Name     string
	Password string
	API      *faspex.Client
}

// Web is the page people open, from the instance's status.
func (l *Lab) Web(ctx context.Context) (string, error) {
	var instance v1alpha1.FaspexInstance
	if err := l.Client.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: Instance}, &instance); err != nil {
		return "", err
	}
	if instance.Status.Endpoints == nil {
		return "", fmt.Errorf("faspexinstance %s has no endpoints in its status", Instance)
	}
	return instance.Status.Endpoints.Web, nil
}

// Admin is the first administrator. The API client acts through the operator's own OAuth client,
// the password is for the web page.
func (l *Lab) Admin(ctx context.Context) (*Person, error) {
	var instance v1alpha1.FaspexInstance
	if err := l.Client.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: Instance}, &instance); err != nil {
		return nil, err
	}
	admin, err := l.Secret(ctx, instance.Status.AdminSecretName)
	if err != nil {
		return nil, err
	}
	grant, err := l.Secret(ctx, Instance+"-operator-client")
	if err != nil {
		return nil, err
	}
	tls, err := l.Secret(ctx, Instance+"-tls")
	if err != nil {
		return nil, err
	}
	name := string(admin["username"])
	c, err := faspex.New(faspex.Config{
		URL: instance.Spec.ExternalURL,
		CA:  tls["ca.crt"],
		Grant: &faspex.Grant{
			ClientID:   string(grant["client_id"]),
			PrivateKey: grant["private.pem"],
			User:       name,
		},
	})
	if err != nil {
		return nil, err
	}
	return &Person{Name: name, Password: string(admin["password"]), API: c}, c.Login(ctx)
}

// Hire makes an account, and gives it a random password by the utility: nobody here reads mails.
func (l *Lab) Hire(ctx context.Context, admin *Person, name, firstName, lastName string) (*Person, error) {
	p := &Person{Name: name, Password: rand.Text() + "-a1", API: admin.API.As(name)}
	active, email := true, name+"@example.com"
	change := api.AccountChange{
		Name: &name, FirstName: &firstName, LastName: &lastName, Email: &email,
		AccountActivated: &active,
	}
	if _, err := admin.API.CreateAccount(ctx, change); err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, l.Kubectl, "--kubeconfig", l.Kubeconfig, "--namespace", Namespace, "exec", "--stdin",
		"deployment/"+Instance+"-utility", "--", "/faspex", "utility", "credentials", email)
	cmd.Stdin = strings.NewReader(p.Password + "\n")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("set the password of %s: %w\n%s", name, err, bytes.TrimSpace(out))
	}
	return p, nil
}

// Secret reads a Secret of the samples' namespace.
func (l *Lab) Secret(ctx context.Context, name string) (map[string][]byte, error) {
	var secret corev1.Secret
	if err := l.Client.Get(ctx, client.ObjectKey{Namespace: Namespace, Name: name}, &secret); err != nil {
		return nil, err
	}
	return secret.Data, nil
}

// Cast hires Alice and Bob, who star in the demo. On a cluster where the demo ran before they
// are other people of that name.
func (l *Lab) Cast(ctx context.Context, admin *Person) ([2]*Person, error) {
	suffix := ""
	accounts, err := admin.API.Accounts(ctx, "alice")
	if err != nil {
		return [2]*Person{}, err
	}
	if len(accounts) > 0 {
		suffix = fmt.Sprint(len(accounts) + 1)
	}
	// By default people reach only those whom they share a workgroup with.
	if err := admin.API.Configure(ctx, map[string]any{"users_can_send_to_all_faspex_users": true}); err != nil {
		return [2]*Person{}, err
	}
	l.Progress.Step("Making accounts for alice%s and bob%s", suffix, suffix)
	alice, err := l.Hire(ctx, admin, "alice"+suffix, "Alice", "Archer")
	if err != nil {
		return [2]*Person{}, err
	}
	bob, err := l.Hire(ctx, admin, "bob"+suffix, "Bob", "Baker")
	return [2]*Person{alice, bob}, err
}
