package v1alpha1

// BucketStorage is a folder of a bucket of an object store that speaks S3.
// +kubebuilder:validation:XValidation:rule="!has(self.kmsKeyID) || (has(self.serverSideEncryption) && self.serverSideEncryption == 'aws:kms')",message="kmsKeyID needs serverSideEncryption aws:kms"
type BucketStorage struct {
	// endpoint is a host, asked over TLS, or a URL; s3.amazonaws.com by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Endpoint string `json:"endpoint,omitempty"`

	// region of the bucket; asked from the server by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Region string `json:"region,omitempty"`

	// bucket is its name.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:Pattern=`^[a-z0-9][a-z0-9._-]*[a-z0-9]$`
	Bucket string `json:"bucket,omitempty"`

	// path of the folder in the bucket; all of the bucket by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=900
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/') && !self.contains('//') && !self.matches('(^|/)[.][.]?(/|$)|[[:cntrl:]]')",message="path must be absolute, without . and .., empty elements and control characters"
	Path string `json:"path,omitempty"`

	// storageClass of what is written.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	StorageClass string `json:"storageClass,omitempty"`

	// serverSideEncryption of what is written; what the bucket says by default.
	// +optional
	ServerSideEncryption BucketEncryption `json:"serverSideEncryption,omitempty"`

	// kmsKeyID is the key of serverSideEncryption aws:kms; that of the bucket by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1000
	KMSKeyID string `json:"kmsKeyID,omitempty"`

	// pathStyle has the bucket in the path of URLs, or in the host; by default only Amazon's hosts have it there.
	// +optional
	PathStyle *bool `json:"pathStyle,omitempty"`

	// credentialsSecretRef names the Secret with access_key_id, secret_access_key and, optionally, session_token. New ones
	// are used within a minute.
	// +required
	CredentialsSecretRef ObjectReference `json:"credentialsSecretRef,omitzero"`
}

// BucketEncryption is what a server encrypts objects with.
// +kubebuilder:validation:Enum=AES256;aws:kms
type BucketEncryption string

// The ways of encryption.
const (
	BucketEncryptionAES256 BucketEncryption = "AES256"
	BucketEncryptionKMS    BucketEncryption = "aws:kms"
)
