package v1alpha1

// BackupTarget is where backups go.
// +kubebuilder:validation:XValidation:rule="has(self.s3) != has(self.volumeClaim)",message="exactly one of s3 and volumeClaim must be set"
type BackupTarget struct {
	// s3 is a bucket of a server that speaks S3.
	// +optional
	S3 *S3Target `json:"s3,omitempty"`

	// volumeClaim is a volume.
	// +optional
	VolumeClaim *VolumeClaimTarget `json:"volumeClaim,omitempty"`

	// prefix is the folder of the target that the backups of one instance are in; namespace/name of the instance by
	// default. To restore what another instance has written, name its prefix.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$')",message="prefix must be names of letters, digits, dots, dashes and underscores, with slashes between them"
	Prefix string `json:"prefix,omitempty"`
}

// S3Target is a bucket.
type S3Target struct {
	// endpoint is the URL of the server: https://s3.example.com. What is written is encrypted before it is sent, so that
	// plain http is allowed.
	// +required
	// +kubebuilder:validation:MinLength=8
	// +kubebuilder:validation:MaxLength=300
	// +kubebuilder:validation:XValidation:rule="isURL(self) && url(self).getScheme() in ['https', 'http'] && url(self).getHostname() != ''",message="endpoint must be an http or https URL with a host"
	// +kubebuilder:validation:XValidation:rule="!isURL(self) || (url(self).getEscapedPath() in ['', '/'] && url(self).getQuery().size() == 0 && !self.contains('#') && !self.contains('@'))",message="endpoint must be scheme, host and port only"
	Endpoint string `json:"endpoint,omitempty"`

	// region of the bucket; asked of the server when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Region string `json:"region,omitempty"`

	// bucket that exists.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9.-]*[a-z0-9]$`
	Bucket string `json:"bucket,omitempty"`

	// credentialsSecretRef names a Secret with the keys accessKeyID and secretAccessKey.
	// +required
	CredentialsSecretRef SecretReference `json:"credentialsSecretRef,omitzero"`

	// caSecretRef names a Secret with the key ca.crt: the PEM certificates that the server's must descend from. The
	// system's by default.
	// +optional
	CASecretRef *SecretReference `json:"caSecretRef,omitempty"`
}

// VolumeClaimTarget is a volume that the pods of backups can mount, one after the other.
type VolumeClaimTarget struct {
	// claimName is the PersistentVolumeClaim.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	ClaimName string `json:"claimName,omitempty"`
}

// BackupEncryption says what encrypts backups.
type BackupEncryption struct {
	// secretRef names a Secret with the key identity: an age identity (AGE-SECRET-KEY-...), as age-keygen writes it. Of
	// several, the first makes backups and all open them. Keep a copy outside of the cluster: without it no backup can be
	// opened.
	// +required
	SecretRef SecretReference `json:"secretRef,omitzero"`
}
