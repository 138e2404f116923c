package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// DatabaseSpec is either a MariaDB that the operator runs or one that exists.
// +kubebuilder:validation:XValidation:rule="has(self.embedded) != has(self.external)",message="exactly one of embedded and external must be set"
// +kubebuilder:validation:XValidation:rule="has(self.embedded) == has(oldSelf.embedded)",message="an instance cannot move between an embedded and an external database"
type DatabaseSpec struct {
	// embedded runs a MariaDB with a volume; {} takes every default.
	// +optional
	Embedded *EmbeddedDatabase `json:"embedded,omitempty"`

	// external uses a MariaDB, version 10.11 or later, that someone else runs.
	// +optional
	External *ExternalDatabase `json:"external,omitempty"`

	// rotateEvery is the age at which the passwords of the instance's users in the database are replaced, at least 1h;
	// when it is absent or 0s, the annotation faspex.io/rotate-at alone does. The former ones work until no pod uses them.
	// +optional
	// +kubebuilder:validation:XValidation:rule="duration(self) == duration('0s') || duration(self) >= duration('1h')",message="rotateEvery must be 0s or at least 1h"
	RotateEvery *metav1.Duration `json:"rotateEvery,omitempty"`
}

// EmbeddedDatabase is a MariaDB that the operator runs.
// +kubebuilder:validation:XValidation:rule="!has(oldSelf.storage) || !has(oldSelf.storage.size) || (has(self.storage) && has(self.storage.size) && quantity(string(self.storage.size)).compareTo(quantity(string(oldSelf.storage.size))) >= 0)",message="storage.size: a volume cannot shrink; set at least the size it has"
type EmbeddedDatabase struct {
	// storage is the volume. It may grow, where its class allows that.
	// +optional
	Storage *DatabaseStorage `json:"storage,omitempty"`

	// resources of the container; a small request and no limit by default.
	// +optional
	// +kubebuilder:validation:XValidation:rule="!has(self.limits) || !has(self.requests) || ['cpu', 'memory', 'ephemeral-storage'].all(k, !(k in self.limits) || !(k in self.requests) || quantity(string(self.requests[k])).compareTo(quantity(string(self.limits[k]))) <= 0)",message="requests must not exceed limits"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`
}

// DatabaseStorage is the volume of an embedded database.
type DatabaseStorage struct {
	// size of the volume; 10Gi by default. It may grow and not shrink.
	// +optional
	// +kubebuilder:validation:XValidation:rule="quantity(string(self)).isGreaterThan(quantity('0'))",message="size must be more than 0"
	Size *resource.Quantity `json:"size,omitempty"`

	// storageClassName of the volume; the cluster's default class when absent. A class that gives no volume may be
	// corrected; one that has given one stays.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	StorageClassName string `json:"storageClassName,omitempty"`
}

// ExternalDatabase is a MariaDB that someone else runs.
// +kubebuilder:validation:XValidation:rule="has(self.database) == has(oldSelf.database)",message="the name of the database cannot change"
type ExternalDatabase struct {
	// host is a DNS name without underscores, or an IP address.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="isIP(self) || self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$')",message="host must be a DNS name without underscores, or an IP address"
	Host string `json:"host,omitempty"`

	// port; 3306 by default.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// database is the name of the schema; faspex by default. It starts with faspex; what follows is also appended to the
	// names of the two users (faspex_b: aspera_b and faspex_b), so that several instances can share a server. None of
	// their names may begin with another's, so that none of them can have the default.
	// +optional
	// +kubebuilder:validation:MinLength=6
	// +kubebuilder:validation:MaxLength=48
	// +kubebuilder:validation:Pattern=`^faspex[a-z0-9_]*$`
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="the name of the database cannot change"
	Database string `json:"database,omitempty"`

	// tls encrypts every connection and verifies the server, by the system's roots when caSecretRef is absent.
	// Without it connections are plain.
	// +optional
	TLS *DatabaseTLS `json:"tls,omitempty"`

	// rootSecretRef names a Secret with the keys username and password of a user who may create
	// databases and users and grant rights.
	// +required
	RootSecretRef SecretReference `json:"rootSecretRef,omitzero"`
}

// DatabaseTLS says how to verify a database server.
type DatabaseTLS struct {
	// caSecretRef names a Secret with the key ca.crt: the PEM certificates that the server's must descend from.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`
}
