package v1alpha1

// Conditions of every kind. They follow kstatus: Ready is the summary, Reconciling is True while work is
// under way, Stalled is True when nothing will happen until a person changes something. Reconciling and
// Stalled are absent when they do not hold.
const (
	ConditionReady       = "Ready"
	ConditionReconciling = "Reconciling"
	ConditionStalled     = "Stalled"
)

// ConditionSpecAllowed tells, of a FaspexInstance or a TransferNode, whether the operator permits the images and the
// folders of machines that its spec names. While it does not, nothing is changed.
const ConditionSpecAllowed = "SpecAllowed"

// Conditions of the parts of a FaspexInstance, in the order in which they come true.
const (
	ConditionSecretsReady        = "SecretsReady"
	ConditionDatabaseReady       = "DatabaseReady"
	ConditionDatabaseProvisioned = "DatabaseProvisioned"
	ConditionRestored            = "Restored"
	ConditionSchemaMigrated      = "SchemaMigrated"
	ConditionCoreReady           = "CoreReady"
	ConditionUIReady             = "UIReady"
	ConditionServiceReady        = "ServiceReady"
	ConditionUtilityReady        = "UtilityReady"
	ConditionGatewayReady        = "GatewayReady"
	ConditionRouterReady         = "RouterReady"
	// ConditionSettingsApplied tells whether Faspex has the settings of spec.configuration and spec.mail.
	ConditionSettingsApplied = "SettingsApplied"
)

// ConditionBackupHealthy tells whether the backups of a FaspexInstance are made as its schedule says. Ready does not
// depend on it: what cannot be backed up goes on serving.
const ConditionBackupHealthy = "BackupHealthy"

// ConditionPasswordsReplaced is there while former passwords of the database work beside the new, or when the annotation
// faspex.io/rotate-at cannot be read. Ready does not depend on it.
const ConditionPasswordsReplaced = "PasswordsReplaced"

// Conditions of the parts of a FaspexBackup.
const (
	// ConditionTargetReady tells whether the instance, the target and its Secrets are there.
	ConditionTargetReady = "TargetReady"
	// ConditionCompleted tells whether the backup is complete.
	ConditionCompleted = "Completed"
)

// Conditions of the parts of a TransferNode (with SecretsReady and DatabaseProvisioned), a
// StorageLocation and an AccessKey.
const (
	// ConditionInstanceReady tells whether the FaspexInstance that a TransferNode belongs to can be used.
	ConditionInstanceReady = "InstanceReady"
	// ConditionWorkloadReady tells whether the DaemonSet runs its current template on every selected node.
	ConditionWorkloadReady = "WorkloadReady"
	// ConditionStorageShared tells whether all machines of a TransferNode see the same folders.
	ConditionStorageShared = "StorageShared"
	// ConditionNodeAPIReady tells whether the Node API answers through its Service.
	ConditionNodeAPIReady = "NodeAPIReady"
	// ConditionRegistered tells whether Faspex knows the node (TransferNode) or the storage location (StorageLocation).
	ConditionRegistered = "Registered"
	// ConditionTransferNodeReady tells whether the TransferNode that a StorageLocation or an AccessKey needs can be used.
	ConditionTransferNodeReady = "TransferNodeReady"
	// ConditionPathReady tells whether the folder exists on the node.
	ConditionPathReady = "PathReady"
	// ConditionStorageReady tells whether the storage that an AccessKey refers to can be used.
	ConditionStorageReady = "StorageReady"
	// ConditionKeyCreated tells whether the node knows the access key with the id and secret of its Secret.
	ConditionKeyCreated = "KeyCreated"
)

// EventDatabaseRepaired is the reason of an event: someone had changed the database, its users or their
// rights, and they were put right.
const EventDatabaseRepaired = "DatabaseRepaired"

// Reasons of conditions. A reason is part of the API: programs may compare it.
const (
	// ReasonSucceeded: the part is as the spec asks.
	ReasonSucceeded = "Succeeded"
	// ReasonProgressing: the part is on its way, nothing is wrong.
	ReasonProgressing = "Progressing"
	// ReasonBlocked: an earlier part has to come first.
	ReasonBlocked = "Blocked"
	// ReasonSuspended: spec.suspend is true, nothing is changed.
	ReasonSuspended = "Suspended"
	// ReasonHibernated: spec.hibernate of the instance is true, and no pod of the object runs.
	ReasonHibernated = "Hibernated"
	// ReasonDeleting: the object is being deleted.
	ReasonDeleting = "Deleting"
	// ReasonDependents: deletion waits for the objects that the message names.
	ReasonDependents = "Dependents"
	// ReasonInvalidSpec: the field that the message names holds something that cannot work.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonNotAllowed: the field that the message names asks for something that the operator does not permit.
	ReasonNotAllowed = "NotAllowed"
	// ReasonSecretNotFound: the Secret that the named field refers to does not exist.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretInvalid: the Secret that the named field refers to lacks a key or holds something unusable.
	ReasonSecretInvalid = "SecretInvalid"
	// ReasonConflict: an object of the needed name exists and belongs to someone else.
	ReasonConflict = "Conflict"
	// ReasonAPIError: a call to the Kubernetes API failed and is retried.
	ReasonAPIError = "APIError"

	// ReasonDatabaseUnreachable: no connection to the database server.
	ReasonDatabaseUnreachable = "DatabaseUnreachable"
	// ReasonDatabaseAccessDenied: the database server refused the credentials.
	ReasonDatabaseAccessDenied = "DatabaseAccessDenied"
	// ReasonDatabaseError: the database server refused a statement.
	ReasonDatabaseError = "DatabaseError"
	// ReasonMigrationFailed: the migration Job failed.
	ReasonMigrationFailed = "MigrationFailed"
	// ReasonBackupFailed: the last backup failed; the message says why.
	ReasonBackupFailed = "BackupFailed"
	// ReasonBackupOverdue: the last good backup is older than twice the period of the schedule.
	ReasonBackupOverdue = "BackupOverdue"
	// ReasonBackupNotFound: the FaspexBackup that the named field refers to does not exist, or is not complete.
	ReasonBackupNotFound = "BackupNotFound"
	// ReasonRestoreRefused: the backup cannot be restored here; nothing was changed, and the message says why.
	ReasonRestoreRefused = "RestoreRefused"
	// ReasonRestoreFailed: the restore does not get on; it is tried again.
	ReasonRestoreFailed = "RestoreFailed"
	// ReasonVersionRefused: spec.version cannot follow the version that runs.
	ReasonVersionRefused = "VersionRefused"
	// ReasonWorkloadFailed: a workload cannot make progress (a quota, an image, a deadline).
	ReasonWorkloadFailed = "WorkloadFailed"

	// ReasonInstanceNotFound: the FaspexInstance that instanceRef names does not exist.
	ReasonInstanceNotFound = "InstanceNotFound"
	// ReasonInstanceNotReady: the FaspexInstance that instanceRef names cannot be used yet.
	ReasonInstanceNotReady = "InstanceNotReady"
	// ReasonStorageNotShared: a folder of spec.storage is another one on each machine.
	ReasonStorageNotShared = "StorageNotShared"
	// ReasonFaspexUnreachable: the Faspex API does not answer.
	ReasonFaspexUnreachable = "FaspexUnreachable"
	// ReasonFaspexRefused: the Faspex API answered with a refusal.
	ReasonFaspexRefused = "FaspexRefused"
	// ReasonTransferNodeNotFound: the TransferNode that transferNodeRef names does not exist.
	ReasonTransferNodeNotFound = "TransferNodeNotFound"
	// ReasonTransferNodeNotReady: the TransferNode that transferNodeRef names cannot be used yet.
	ReasonTransferNodeNotReady = "TransferNodeNotReady"
	// ReasonNodeUnreachable: the Node API does not answer.
	ReasonNodeUnreachable = "NodeUnreachable"
	// ReasonNodeRefused: the Node API answered with a refusal.
	ReasonNodeRefused = "NodeRefused"
	// ReasonNoNodes: nodeSelector matches no node.
	ReasonNoNodes = "NoNodes"
	// ReasonStorageLocationNotFound: the StorageLocation that storageLocationRef names does not exist.
	ReasonStorageLocationNotFound = "StorageLocationNotFound"
	// ReasonStorageLocationNotReady: the StorageLocation that storageLocationRef names cannot be used yet.
	ReasonStorageLocationNotReady = "StorageLocationNotReady"
)

// EventRotated is the reason of an event: credentials were replaced, as spec.rotation or the annotation says.
const EventRotated = "Rotated"
