package lab

import (
	"context"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// transferNodeLabel is what the TransferNode of the samples selects machines by.
const transferNodeLabel = "faspex.io/transfer-node"

// LabelMachine has one machine move the files, unless somebody has chosen some already: several need a folder that they
// share.
func (l *Lab) LabelMachine(ctx context.Context) error {
	var nodes corev1.NodeList
	if err := l.Client.List(ctx, &nodes); err != nil {
		return fmt.Errorf("list the machines: %w", err)
	}
	var chosen *corev1.Node
	for i, node := range nodes.Items {
		if node.Labels[transferNodeLabel] == TransferNode {
			return nil
		}
		if chosen == nil && !node.Spec.Unschedulable && len(node.Spec.Taints) == 0 &&
			node.Labels[corev1.LabelOSStable] == "linux" {
			chosen = &nodes.Items[i]
		}
	}
	if chosen == nil {
		return errors.New("no machine without taints runs Linux: label one, " + transferNodeLabel + "=" + TransferNode)
	}
	l.Progress.Step("Having %s move the files: kubectl label node %s %s=%s", chosen.Name, chosen.Name, transferNodeLabel,
		TransferNode)
	before := chosen.DeepCopy()
	chosen.Labels[transferNodeLabel] = TransferNode
	if err := l.Client.Patch(ctx, chosen, client.MergeFrom(before)); err != nil {
		return fmt.Errorf("label machine %s: %w", chosen.Name, err)
	}
	return nil
}
