package v1alpha1

// SecretReference names a Secret in the namespace of the object that holds the reference.
type SecretReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`
}

// SecretKeyReference names one key of a Secret in the namespace of the object that holds the reference.
type SecretKeyReference struct {
	// name of the Secret.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`

	// key within the Secret's data.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[-._a-zA-Z0-9]+$`
	Key string `json:"key,omitempty"`
}

// ObjectReference names an object of this API group in the namespace of the object that holds the reference; the field
// that holds it says of which kind.
type ObjectReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$`
	Name string `json:"name,omitempty"`
}

// LogLevel is how much a container says.
// +kubebuilder:validation:Enum=error;warn;info;debug
type LogLevel string

// The log levels.
const (
	LogLevelError LogLevel = "error"
	LogLevelWarn  LogLevel = "warn"
	LogLevelInfo  LogLevel = "info"
	LogLevelDebug LogLevel = "debug"
)

// DeletionPolicy says what becomes of data when the object that owns it is deleted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

// The deletion policies.
const (
	DeletionPolicyRetain DeletionPolicy = "Retain"
	DeletionPolicyDelete DeletionPolicy = "Delete"
)

// TransferPolicy is how a transfer shares a link with other traffic.
// +kubebuilder:validation:Enum=fixed;high;fair;low
type TransferPolicy string

// The transfer policies.
const (
	TransferPolicyFixed TransferPolicy = "fixed"
	TransferPolicyHigh  TransferPolicy = "high"
	TransferPolicyFair  TransferPolicy = "fair"
	TransferPolicyLow   TransferPolicy = "low"
)

// Cipher encrypts the data of a transfer.
// +kubebuilder:validation:Enum=aes-128-gcm;aes-192-gcm;aes-256-gcm
type Cipher string

// NodeCipher is a cipher, or none, which only authenticates.
// +kubebuilder:validation:Enum=aes-128-gcm;aes-192-gcm;aes-256-gcm;none
type NodeCipher string

// The ciphers.
const (
	CipherAES128GCM Cipher = "aes-128-gcm"
	CipherAES192GCM Cipher = "aes-192-gcm"
	CipherAES256GCM Cipher = "aes-256-gcm"
)
