// Package e2e asserts, on a real cluster with the shipped images, what `make demo` shows. `make test-e2e` brings the
// cluster up and sets the environment; without it every test fails.
package e2e

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"faspex.io/operator/test/lab"
)

// The cluster and the people in it, for all tests.
var (
	cluster           *lab.Lab
	admin, alice, bob *lab.Person
)

// TestEndToEnd runs in this order: later steps look at what earlier ones left.
func TestEndToEnd(t *testing.T) {
	for _, step := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"both nodes run the DaemonSet", bothNodesRunTheDaemonSet},
		{"a package arrives byte for byte", packageArrivesByteForByte},
		{"a person sees the package in a browser", personSeesPackage},
		{"two people send and receive with browsers alone", personSendsAndReceives},
		{"refusals", refusals},
		{"a download token opens nothing else", downloadTokenOpensNothingElse},
		{"a killed node resumes", killedNodeResumes},
		{"killed pods heal", killedPodsHeal},
		{"changes by hand are repaired", changesByHandAreRepaired},
		{"backups are written and removed", backupsAreWrittenAndRemoved},
		{"an instance is restored in another namespace", instanceIsRestoredElsewhere},
		{"no secret is shown", noSecretIsShown},
		{"deletion", deletion},
	} {
		t.Run(step.name, step.run)
	}
}

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, cancel := context.WithTimeout(context.Background(), 15*time.Minute)
	defer cancel()
	if err := setUp(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "e2e:", err)
		if cluster != nil {
			cluster.Diagnose(ctx, os.Stderr)
		}
		return 1
	}
	code := m.Run()
	if code != 0 {
		cluster.Diagnose(ctx, os.Stderr)
	}
	return code
}

func setUp(ctx context.Context) (err error) {
	if cluster, err = lab.Open(lab.NewProgress(os.Stdout)); err != nil {
		return err
	}
	if err := cluster.InstallOperator(ctx); err != nil {
		return err
	}
	if err := cluster.ApplySamples(ctx); err != nil {
		return err
	}
	if err := cluster.WaitReady(ctx, 5*time.Minute); err != nil {
		return err
	}
	if admin, err = cluster.Admin(ctx); err != nil {
		return err
	}
	people, err := cluster.Cast(ctx, admin)
	alice, bob = people[0], people[1]
	return err
}

// payload writes a payload into a folder of the test.
func payload(t *testing.T, spec lab.PayloadSpec) lab.Payload {
	t.Helper()
	p, err := lab.WritePayload(t.TempDir(), spec)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
