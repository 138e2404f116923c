package lab

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
)

// state is what WaitReady looks at, of any of the four kinds.
type state struct {
	name       string // kind/name
	generation int64
	observed   int64
	conditions []metav1.Condition
}

func (s state) ready() bool {
	c := meta.FindStatusCondition(s.conditions, v1alpha1.ConditionReady)
	return c != nil && c.Status == metav1.ConditionTrue && s.observed == s.generation
}

// stalled is the message of a Stalled condition, "" if there is none.
func (s state) stalled() string {
	if c := meta.FindStatusCondition(s.conditions, v1alpha1.ConditionStalled); c != nil &&
		c.Status == metav1.ConditionTrue {
		return c.Reason + ": " + c.Message
	}
	return ""
}

// WaitReady waits until every object of the four kinds is Ready, and prints each condition as it changes. An object
// that is Stalled for 30 s in a row ends the wait: nothing would change it.
func (l *Lab) WaitReady(ctx context.Context, timeout time.Duration) error {
	l.Progress.Step("Waiting until everything is Ready")
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	seen, stalledSince := map[string]string{}, map[string]time.Time{}
	for {
		states, err := l.states(ctx)
		if err != nil {
			return err
		}
		var waiting []error
		for _, s := range states {
			l.printChanges(s, seen)
			if !s.ready() {
				waiting = append(waiting, notReady(s))
			}
			message := s.stalled()
			if message == "" {
				delete(stalledSince, s.name)
				continue
			}
			if _, ok := stalledSince[s.name]; !ok {
				stalledSince[s.name] = time.Now()
			}
			if time.Since(stalledSince[s.name]) > 30*time.Second {
				return fmt.Errorf("%s is stalled: %s", s.name, message)
			}
		}
		if len(states) > 0 && len(waiting) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("not ready within %v: %w", timeout, errors.Join(waiting...))
		case <-time.After(500 * time.Millisecond):
		}
	}
}

func notReady(s state) error {
	if c := meta.FindStatusCondition(s.conditions, v1alpha1.ConditionReady); c != nil {
		return fmt.Errorf("%s: %s: %s", s.name, c.Reason, c.Message)
	}
	return fmt.Errorf("%s: no Ready condition yet", s.name)
}

func (l *Lab) printChanges(s state, seen map[string]string) {
	for _, c := range s.conditions {
		key, now := s.name+" "+c.Type, string(c.Status)+" "+c.Reason
		if seen[key] == now {
			continue
		}
		seen[key] = now
		l.Progress.Detail("%-28s %-22s %-7s %s", s.name, c.Type, c.Status, c.Reason)
	}
}

func (l *Lab) states(ctx context.Context) ([]state, error) {
	var (
		instances v1alpha1.FaspexInstanceList
		nodes     v1alpha1.TransferNodeList
		locations v1alpha1.StorageLocationList
		keys      v1alpha1.AccessKeyList
		all       []state
	)
	for _, list := range []client.ObjectList{&instances, &nodes, &locations, &keys} {
		if err := l.Client.List(ctx, list, client.InNamespace(Namespace)); err != nil {
			return nil, err
		}
	}
	for _, o := range instances.Items {
		all = append(all, state{"faspexinstance/" + o.Name, o.Generation, o.Status.ObservedGeneration, o.Status.Conditions})
	}
	for _, o := range nodes.Items {
		all = append(all, state{"transfernode/" + o.Name, o.Generation, o.Status.ObservedGeneration, o.Status.Conditions})
	}
	for _, o := range locations.Items {
		all = append(all, state{"storagelocation/" + o.Name, o.Generation, o.Status.ObservedGeneration, o.Status.Conditions})
	}
	for _, o := range keys.Items {
		all = append(all, state{"accesskey/" + o.Name, o.Generation, o.Status.ObservedGeneration, o.Status.Conditions})
	}
	return all, nil
}
