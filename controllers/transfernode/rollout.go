package transfernode

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"faspex.io/operator/api/v1alpha1"
	desired "faspex.io/operator/controllers/desired/transfernode"
	"faspex.io/operator/controllers/rollout"
)

// drainRecheck is how often the sessions of a machine that is drained are counted.
const drainRecheck = 5 * time.Second

// rollOut drains machines and replaces pods that are not of the current template, as spec.rollout and spec.drain say,
// and notes in the status which machines are drained. It tells whether it waits for a machine.
func (r *reconciler) rollOut(ctx context.Context, o *observed, template string, pods []corev1.Pod) (waits bool, err error) {
	live := slices.DeleteFunc(slices.Clone(pods), func(pod corev1.Pod) bool {
		return pod.DeletionTimestamp != nil || pod.Spec.NodeName == ""
	})
	states := make([]rollout.Pod, len(live))
	byName := map[string]*corev1.Pod{}
	anybody := false
	for i := range live {
		pod := &live[i]
		cordoned, err := r.cordoned(ctx, pod.Spec.NodeName)
		if err != nil {
			return false, err
		}
		byName[pod.Name] = pod
		states[i] = rollout.Pod{
			Name: pod.Name, Machine: pod.Spec.NodeName, Cordoned: cordoned, Ready: isReady(*pod), Running: runs(*pod),
			Outdated: pod.Annotations[desired.TemplateHashAnnotation] != template, Draining: desired.DrainingSince(pod),
		}
		anybody = anybody || !states[i].Draining.IsZero()
	}
	sessions := map[string]int{}
	known := true
	if anybody {
		sessions, known = r.sessions(ctx, o.node)
	}
	for i := range states {
		states[i].Sessions = sessions[states[i].Machine]
		if !known {
			states[i].Sessions = 1 // nobody can say, so that only the deadline ends it
		}
		waits = waits || states[i].Outdated || !states[i].Draining.IsZero()
	}
	limits := desired.RolloutLimits(o.node)
	if o.node.Status.DesiredNodes != nil {
		limits.Machines = int(*o.node.Status.DesiredNodes)
	}
	for _, step := range rollout.Plan(r.Now(), limits, states) {
		waits = true
		if err := r.take(ctx, step, byName[step.Pod]); err != nil {
			return true, err
		}
	}
	noteDrains(o.node, limits.Deadline, states, known)
	return waits, nil
}

// take does one step. A pod that is gone or changed meanwhile is looked at again later.
func (r *reconciler) take(ctx context.Context, step rollout.Step, pod *corev1.Pod) error {
	log := ctrl.LoggerFrom(ctx).WithValues("machine", pod.Spec.NodeName)
	if step.Action == rollout.Replace {
		log.Info("replacing the pod of a drained machine")
		err := r.client.Delete(ctx, pod, client.Preconditions{UID: &pod.UID})
		if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
			return fmt.Errorf("delete the pod: %w", err)
		}
		return nil
	}
	var since any // null removes the annotation
	if step.Action == rollout.Drain {
		log.Info("draining a machine")
		since = r.Now().UTC().Format(time.RFC3339)
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": pod.UID, "annotations": map[string]any{desired.DrainingAnnotation: since}}})
	if err != nil {
		return fmt.Errorf("encode the order to drain: %w", err)
	}
	err = r.client.Patch(ctx, pod, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(r.applier.FieldManager()))
	if client.IgnoreNotFound(err) != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("tell the pod to drain: %w", err)
	}
	return nil
}

// cordoned tells whether an administrator has taken a machine out of service, as kubectl drain does first. An operator
// that may not read machines, because it serves a few namespaces, is told nothing.
func (r *reconciler) cordoned(ctx context.Context, machine string) (bool, error) {
	node := &corev1.Node{}
	switch err := r.direct.Get(ctx, client.ObjectKey{Name: machine}, node); {
	case apierrors.IsNotFound(err), apierrors.IsForbidden(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("read machine %s: %w", machine, err)
	}
	return node.Spec.Unschedulable, nil
}

// sessions counts what runs on each machine. It tells whether the node could say.
func (r *reconciler) sessions(ctx context.Context, node *v1alpha1.TransferNode) (map[string]int, bool) {
	api, err := r.Nodes.AsNodeUser(ctx, node)
	if err != nil {
		return nil, false
	}
	running, err := api.RunningSessions(ctx)
	if err != nil {
		ctrl.LoggerFrom(ctx).Info("the sessions of machines that are drained are not known", "why", err.Error())
		return nil, false
	}
	byMachine := map[string]int{}
	for _, session := range running {
		byMachine[session.ServerNodeID]++
	}
	return byMachine, true
}

// noteDrains writes into status.machines what becomes of the machines that are drained.
func noteDrains(node *v1alpha1.TransferNode, deadline time.Duration, states []rollout.Pod, known bool) {
	for i := range node.Status.Machines {
		machine := &node.Status.Machines[i]
		j := slices.IndexFunc(states, func(p rollout.Pod) bool { return p.Machine == machine.Name })
		if j < 0 {
			continue
		}
		state := states[j]
		outdated := state.Outdated
		machine.Outdated = &outdated
		if state.Draining.IsZero() {
			continue
		}
		drain := &v1alpha1.MachineDrain{Since: metav1.NewTime(state.Draining), State: v1alpha1.DrainRunning}
		if state.Cordoned {
			drain.For = v1alpha1.DrainForMachine
		} else {
			drain.For = v1alpha1.DrainForRollout
			until := metav1.NewTime(state.Draining.Add(deadline))
			drain.Until = &until
		}
		if known {
			sessions := int32(min(state.Sessions, 1<<30))
			drain.Sessions = &sessions
			if sessions == 0 && !state.Ready {
				drain.State = v1alpha1.DrainDone
			}
		}
		machine.Drain = drain
	}
}

// runs tells whether the main container of a pod runs.
func runs(pod corev1.Pod) bool {
	return slices.ContainsFunc(pod.Status.ContainerStatuses, func(status corev1.ContainerStatus) bool {
		return status.State.Running != nil
	})
}

// drained says which machines are drained, for the condition.
func drained(node *v1alpha1.TransferNode) string {
	text := ""
	for _, machine := range node.Status.Machines {
		if machine.Drain == nil {
			continue
		}
		what := "is drained"
		if machine.Drain.State == v1alpha1.DrainRunning {
			what = "is being drained"
			if machine.Drain.Sessions != nil {
				what += " (sessions: " + strconv.Itoa(int(*machine.Drain.Sessions)) + ")"
			}
		}
		text += ", " + machine.Name + " " + what
	}
	return text
}
