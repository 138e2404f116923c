package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// InstanceBackupSpec says where backups of an instance go, and when they are made.
type InstanceBackupSpec struct {
	// schedule in the five fields of cron, UTC: "0 2 * * *" is every night at two. The first backup is made at once. When
	// absent, backups are made on demand, by FaspexBackups, and before a change of version.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	Schedule string `json:"schedule,omitempty"`

	// keep is how many finished backups of the schedule stay; 14 by default. Those on demand are not counted.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Keep int32 `json:"keep,omitempty"`

	// target is where backups go.
	// +required
	Target BackupTarget `json:"target,omitzero"`

	// encryption of backups.
	// +required
	Encryption BackupEncryption `json:"encryption,omitzero"`
}

// RestoreFrom says which backup a new instance begins with.
// +kubebuilder:validation:XValidation:rule="has(self.backupRef) != has(self.target)",message="exactly one of backupRef and target must be set"
// +kubebuilder:validation:XValidation:rule="has(self.target) == has(self.encryption)",message="encryption goes with target: a FaspexBackup knows its own"
// +kubebuilder:validation:XValidation:rule="!has(self.id) || has(self.target)",message="id goes with target: a FaspexBackup is one backup"
type RestoreFrom struct {
	// backupRef names a FaspexBackup in the namespace of the instance.
	// +optional
	BackupRef *ObjectReference `json:"backupRef,omitempty"`

	// target is where the backup is; its prefix is by default that of an instance of this namespace and name.
	// +optional
	Target *BackupTarget `json:"target,omitempty"`

	// id of the backup within the target; the newest that was finished by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=127
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9][-A-Za-z0-9]*$`
	ID string `json:"id,omitempty"`

	// encryption is the key that the backup was made with.
	// +optional
	Encryption *BackupEncryption `json:"encryption,omitempty"`
}

// InstanceBackupStatus is what is known of the backups of an instance.
type InstanceBackupStatus struct {
	// lastSuccess is the newest backup that is complete.
	// +optional
	LastSuccess *BackupRecord `json:"lastSuccess,omitempty"`

	// lastFailure is the newest backup that failed.
	// +optional
	LastFailure *BackupFailure `json:"lastFailure,omitempty"`

	// nextTime is when the schedule makes the next one.
	// +optional
	NextTime *metav1.Time `json:"nextTime,omitempty"`
}

// BackupRecord is a complete backup.
type BackupRecord struct {
	// name of the FaspexBackup.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// time as of which it is.
	// +optional
	Time metav1.Time `json:"time,omitzero"`

	// sizeBytes of all its objects.
	// +optional
	// +kubebuilder:validation:Minimum=1
	SizeBytes int64 `json:"sizeBytes,omitempty"`
}

// BackupFailure is a backup that failed.
type BackupFailure struct {
	// name of the FaspexBackup.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// time it was found failed.
	// +optional
	Time metav1.Time `json:"time,omitzero"`

	// message says why.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Message string `json:"message,omitempty"`
}

// InstanceRestoreStatus tells what an instance was restored from.
type InstanceRestoreStatus struct {
	// id of the backup.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=127
	ID string `json:"id,omitempty"`

	// instance that the backup was made of, as namespace/name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=320
	Instance string `json:"instance,omitempty"`

	// time as of which the data is.
	// +optional
	Time metav1.Time `json:"time,omitzero"`
}
