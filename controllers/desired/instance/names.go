// Package instance says what a FaspexInstance becomes in Kubernetes: pure functions from the spec, and from what
// had to be read or invented beforehand, to apply configurations. It calls nothing and knows nothing of the
// order in which things are made.
package instance

import (
	"maps"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/apply"
)

// Components of an instance, as in the label app.kubernetes.io/component.
const (
	ComponentDatabase  = "db"
	ComponentCore      = "core"
	ComponentUI        = "ui"
	ComponentService   = "service"
	ComponentUtility   = "utility"
	ComponentGateway   = "gateway"
	ComponentRouter    = "router"
	ComponentMigration = "migrate"
	ComponentBackup    = "backup"
)

// Labels that tell the objects of an instance.
const (
	LabelName      = "app.kubernetes.io/name"
	LabelInstance  = "app.kubernetes.io/instance"
	LabelComponent = "app.kubernetes.io/component"
	LabelPartOf    = "app.kubernetes.io/part-of"
	// LabelScheduled marks FaspexBackups that a schedule made.
	LabelScheduled = "faspex.io/scheduled"

	// PartOf is the value of LabelName and LabelPartOf.
	PartOf = "faspex"
)

// Names are the names of an instance's objects. Several kinds share a name: db is a Secret,
// ConfigMap, StatefulSet and Service.
type Names struct {
	Database, DatabaseUser, DatabaseScript        string
	Core, UI, Service, Utility, Router, Migration string
	Gateway, GatewayNodes                         string
	Admin, OperatorClient, TLS                    string
	Restore, Dumps                                string
	DatabaseRotation                              string
}

// NamesOf are the names of the objects of the instance called name.
func NamesOf(name string) Names {
	return Names{
		Database: name + "-db", DatabaseUser: name + "-db-user", DatabaseScript: name + "-db-script",
		Core: name + "-core", UI: name + "-ui", Service: name + "-service", Utility: name + "-utility", Router: name +
			"-router",
		Migration: name + "-migrate",
		Gateway:   name + "-gateway", GatewayNodes: name + "-gateway-nodes",
		Admin: name + "-admin", OperatorClient: name + "-operator-client", TLS: name + "-tls",
		Restore: name + "-restore", Dumps: name + "-dumps",
		DatabaseRotation: name + "-db-rotation",
	}
}

// AdminSecret is the name of the Secret with the first administrator's username and password.
func AdminSecret(instance *v1alpha1.FaspexInstance) string {
	if admin := instance.Spec.Admin; admin != nil && admin.SecretRef != nil {
		return admin.SecretRef.Name
	}
	return NamesOf(instance.Name).Admin
}

// TLSSecret is the name of the Secret with the router's certificate.
func TLSSecret(instance *v1alpha1.FaspexInstance) string {
	if instance.Spec.TLS != nil {
		return instance.Spec.TLS.SecretRef.Name
	}
	return NamesOf(instance.Name).TLS
}

// SelectorLabels pick the pods of one component; they never change.
func SelectorLabels(instance *v1alpha1.FaspexInstance, component string) map[string]string {
	return map[string]string{LabelName: PartOf, LabelInstance: instance.Name, LabelComponent: component}
}

// Labels of every object of a component.
func Labels(instance *v1alpha1.FaspexInstance, component string) map[string]string {
	labels := SelectorLabels(instance, component)
	maps.Copy(labels, map[string]string{LabelPartOf: PartOf, apply.ManagedByLabel: apply.ManagedBy})
	return labels
}
