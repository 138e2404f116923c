// Package jobtest runs the Jobs of backups in tests.
package jobtest

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/controllers/desired/instance"
)

// Jobs runs the Jobs of backups as a kubelet would: the operator's own program as a process, with the arguments, the
// environment and the mounted Secrets that the pod has. Only their images are not used: the program is built here, and
// mariadb and mariadb-dump are this machine's.
type Jobs struct {
	t         testing.TB
	client    client.Client
	namespace string
	claims    map[string]string
	// Hold keeps Jobs from being run; Forget loses the pods of those that ended, with what they said.
	Hold, Forget bool
	// Ran are the arguments of the programs that were run.
	Ran []string
}

// New runs the Jobs of a namespace.
func New(t testing.TB, c client.Client, namespace string) *Jobs {
	t.Helper()
	return &Jobs{t: t, client: c, namespace: namespace, claims: map[string]string{}}
}

// Claim is the folder of a volume.
func (j *Jobs) Claim(name string) string {
	if j.claims[name] == "" {
		j.claims[name] = j.t.TempDir()
	}
	return j.claims[name]
}

// Work runs every Job of a backup that has not ended, one after the other, and tells whether there was one.
func (j *Jobs) Work() bool {
	j.t.Helper()
	var jobs batchv1.JobList
	if err := j.client.List(j.t.Context(), &jobs, client.InNamespace(j.namespace),
		client.MatchingLabels{instance.LabelComponent: instance.ComponentBackup}); err != nil {
		j.t.Fatal(err)
	}
	worked := false
	for i := range jobs.Items {
		if job := &jobs.Items[i]; len(job.Status.Conditions) == 0 && !j.Hold {
			j.run(job)
			worked = true
		}
	}
	return worked
}

func (j *Jobs) run(job *batchv1.Job) {
	j.t.Helper()
	container := job.Spec.Template.Spec.Containers[0]
	j.Ran = append(j.Ran, strings.Join(container.Args, " "))
	command := j.Command(job.Spec.Template.Spec, container, program(j.t))
	var out, said bytes.Buffer
	command.Stdout, command.Stderr = &out, &said
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		j.t.Fatal(err)
	}
	code := command.ProcessState.ExitCode()
	j.t.Logf("job %s: exit code %d, %s%s", job.Name, code, out.String(), said.String())
	j.end(job, int32(code), out.String())
}

// Command is a container of a pod as a process: program with the arguments, the environment and the mounted Secrets of
// the container.
func (j *Jobs) Command(spec corev1.PodSpec, container corev1.Container, program string) *exec.Cmd {
	j.t.Helper()
	paths := j.Mount(spec, container)
	place := func(text string) string {
		for _, at := range slices.Backward(slices.Sorted(maps.Keys(paths))) {
			text = strings.ReplaceAll(text, at, paths[at])
		}
		return text
	}
	args := make([]string, 0, len(container.Args))
	for _, arg := range container.Args {
		args = append(args, place(arg))
	}
	command := exec.CommandContext(j.t.Context(), program, args...)
	command.Env = append(os.Environ(), j.environment(container)...)
	return command
}

// Mount gives each volume a folder, by the path that the container sees it at.
func (j *Jobs) Mount(spec corev1.PodSpec, container corev1.Container) map[string]string {
	j.t.Helper()
	folders := map[string]string{}
	for _, volume := range spec.Volumes {
		switch {
		case volume.Secret != nil:
			folders[volume.Name] = j.secretFolder(volume.Secret)
		case volume.PersistentVolumeClaim != nil:
			folders[volume.Name] = j.Claim(volume.PersistentVolumeClaim.ClaimName)
		}
	}
	paths := map[string]string{}
	for _, m := range container.VolumeMounts {
		if folder := folders[m.Name]; folder != "" {
			paths[m.MountPath] = folder
		}
	}
	return paths
}

func (j *Jobs) secretFolder(source *corev1.SecretVolumeSource) string {
	j.t.Helper()
	folder := j.t.TempDir()
	data := j.secret(source.SecretName, source.Optional != nil && *source.Optional)
	for key, value := range data {
		if err := os.WriteFile(filepath.Join(folder, key), value, 0o600); err != nil {
			j.t.Fatal(err)
		}
	}
	return folder
}

func (j *Jobs) secret(name string, optional bool) map[string][]byte {
	j.t.Helper()
	secret := &corev1.Secret{}
	err := j.client.Get(j.t.Context(), client.ObjectKey{Namespace: j.namespace, Name: name}, secret)
	if optional && apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		j.t.Fatal(err)
	}
	return secret.Data
}

func (j *Jobs) environment(container corev1.Container) []string {
	j.t.Helper()
	var env []string
	for _, from := range container.EnvFrom {
		if from.SecretRef != nil {
			for key, value := range j.secret(from.SecretRef.Name, false) {
				env = append(env, key+"="+string(value))
			}
			continue
		}
		config := &corev1.ConfigMap{}
		key := client.ObjectKey{Namespace: j.namespace, Name: from.ConfigMapRef.Name}
		if err := j.client.Get(j.t.Context(), key, config); err != nil {
			j.t.Fatal(err)
		}
		for key, value := range config.Data {
			env = append(env, key+"="+value)
		}
	}
	for _, e := range container.Env {
		value := e.Value
		if e.ValueFrom != nil {
			ref := e.ValueFrom.SecretKeyRef
			value = string(j.secret(ref.Name, false)[ref.Key])
		}
		env = append(env, e.Name+"="+value)
	}
	return env
}

// end reports what became of a Job: a pod with its last words, and the Job's condition.
func (j *Jobs) end(job *batchv1.Job, code int32, words string) {
	j.t.Helper()
	ctx := context.WithoutCancel(j.t.Context())
	if !j.Forget {
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{GenerateName: job.Name + "-", Namespace: job.Namespace,
				Labels: map[string]string{batchv1.JobNameLabel: job.Name}},
			Spec: job.Spec.Template.Spec,
		}
		if err := j.client.Create(ctx, pod); err != nil {
			j.t.Fatal(err)
		}
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
			Name:  instance.BackupContainer,
			State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Message: words}},
		}}
		if err := j.client.Status().Update(ctx, pod); err != nil {
			j.t.Fatal(err)
		}
	}
	now := metav1.Now()
	job.Status.StartTime = &now
	kinds := []batchv1.JobConditionType{batchv1.JobSuccessCriteriaMet, batchv1.JobComplete}
	if code == 0 {
		job.Status.CompletionTime = &now
	} else {
		kinds = []batchv1.JobConditionType{batchv1.JobFailureTarget, batchv1.JobFailed}
	}
	for _, kind := range kinds {
		job.Status.Conditions = append(job.Status.Conditions,
			batchv1.JobCondition{Type: kind, Status: corev1.ConditionTrue, LastTransitionTime: now, LastProbeTime: now})
	}
	if err := j.client.Status().Update(ctx, job); err != nil {
		j.t.Fatal(err)
	}
}

var buildProgram = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "operator-")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "operator")
	out, err := exec.Command("go", "build", "-o", name, "faspex.io/operator/cmd/operator").CombinedOutput()
	if err != nil {
		return "", errors.Join(err, errors.New(string(out)))
	}
	return name, nil
})

// program is the operator's own, built once a process.
func program(t testing.TB) string {
	t.Helper()
	name, err := buildProgram()
	if err != nil {
		t.Fatalf("build the operator: %v", err)
	}
	return name
}
