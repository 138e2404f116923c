package faspexinstance

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/instance"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/client"
	"faspex.io/operator/test/freeport"
)

// buildFaspex builds the program of core, service and the migration, once a process.
var buildFaspex = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "faspex-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "faspex")
	out, err := exec.Command("go", "build", "-o", name, "faspex.io/operator/cmd/faspex").CombinedOutput()
	if err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return name, nil
})

func faspexProgram(t testing.TB) string {
	t.Helper()
	name, err := buildFaspex()
	if err != nil {
		t.Fatalf("build faspex: %v", err)
	}
	return name
}

// runMigration runs the containers of a migration's pod, with what they are given in the cluster. It gives what they
// said and whether all of them ended well.
func (b *bench) runMigration(job *batchv1.Job) (says string, well bool) {
	b.t.Helper()
	pod := job.Spec.Template.Spec
	for _, container := range append(pod.InitContainers, pod.Containers...) {
		etc := b.t.TempDir() // where the program looks for what is mounted below /etc/faspex
		for at, folder := range b.jobs.Mount(pod, container) {
			if err := os.Symlink(folder, filepath.Join(etc, filepath.Base(at))); err != nil {
				b.t.Fatal(err)
			}
		}
		command := b.jobs.Command(pod, container, faspexProgram(b.t))
		if container.Name != desired.MigrateStep {
			command.Args = append(command.Args, "--etc", etc)
		}
		out, err := command.CombinedOutput()
		says += string(out)
		if err != nil {
			b.podOf(job.Name+"-1", desired.MigrationPods(job.Name), corev1.PodStatus{
				InitContainerStatuses: []corev1.ContainerStatus{{Name: container.Name, State: corev1.ContainerState{
					Terminated: &corev1.ContainerStateTerminated{ExitCode: int32(command.ProcessState.ExitCode()),
						Message: says[max(0, len(says)-2048):]}}}}})
			return says, false
		}
	}
	return says, true
}

// program runs the pod of a Deployment until the test ends, and gives its address once it is ready.
func (b *bench) program(deployment string) string {
	b.t.Helper()
	d := &appsv1.Deployment{}
	b.get(deployment, d)
	pod := d.Spec.Template.Spec
	port, err := freeport.New()
	if err != nil {
		b.t.Fatal(err)
	}
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	command := b.jobs.Command(pod, pod.Containers[0], faspexProgram(b.t))
	command.Args = append(command.Args, "--listen", address)
	var said strings.Builder
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		b.t.Fatal(err)
	}
	t := b.t
	t.Cleanup(func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
		if t.Failed() {
			t.Logf("%s: %s", deployment, said.String())
		}
	})
	b.await(deployment+" is ready", func() bool { return answers(t, "http://"+address+"/health") == http.StatusOK })
	return "http://" + address
}

func answers(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := (&http.Client{Timeout: 5 * time.Second}).Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// operator is a client of core with the rights that the operator has.
func (b *bench) operator(core string) *client.Client {
	b.t.Helper()
	given := dataOf(b, desired.NamesOf("demo").OperatorClient)
	id := string(given[desired.OperatorClientID])
	c, err := client.New(client.Config{URL: core, Grant: &client.Grant{ClientID: id,
		PrivateKey: given[desired.OperatorClientPrivate], User: api.OperatorLogin(id)}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(c.CloseIdleConnections)
	return c
}

// realPrograms has the Jobs of migrations run for real, and lets core have no gateway.
func (b *bench) realPrograms(instance *v1alpha1.FaspexInstance) {
	off := false
	instance.Spec.Gateway = &v1alpha1.GatewaySpec{Enabled: &off}
	b.kubelet.migrateFor = b.runMigration
}
