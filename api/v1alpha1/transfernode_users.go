package v1alpha1

// TransferUser is an SSH user who may transfer and nothing else.
// +kubebuilder:validation:XValidation:rule="has(self.docroot) || !((has(self.incoming) && self.incoming == 'allow') || (has(self.outgoing) && self.outgoing == 'allow'))",message="docroot is needed where incoming or outgoing is allow; / is all of the storage"
type TransferUser struct {
	// name to log in with.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:Pattern=`^[a-z_][a-z0-9_-]*$`
	Name string `json:"name,omitempty"`

	// authorizedKeysSecretRef names the key of a Secret with the public keys that may log in as this user, in the format
	// of OpenSSH's authorized_keys. Clients that present a transfer token need none.
	// +optional
	AuthorizedKeysSecretRef *SecretKeyReference `json:"authorizedKeysSecretRef,omitempty"`

	// passwordSecretRef names the key of a Secret with the password that may log in as this user over SSH: its first line.
	// +optional
	PasswordSecretRef *SecretKeyReference `json:"passwordSecretRef,omitempty"`

	// docroot is the folder of transfers without a token, as a path beneath the docroot of the node. It is made when it is
	// missing.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self == '/' || self.matches('^(/[^/]+)+$') && !self.matches('/[.][.]?(/|$)|[[:cntrl:]]')",message="docroot must be an absolute path without . and .., control characters and a slash at its end"
	Docroot string `json:"docroot,omitempty"`

	// incoming says what the user needs for uploads to the node: token (default), allow (who logged in with a key or the
	// password of the user needs no token), or deny.
	// +optional
	Incoming TransferAuthorization `json:"incoming,omitempty"`

	// outgoing is the same for downloads from the node.
	// +optional
	Outgoing TransferAuthorization `json:"outgoing,omitempty"`
}

// TransferAuthorization is what a transfer user needs to transfer in a direction.
// +kubebuilder:validation:Enum=token;allow;deny
type TransferAuthorization string

// The authorizations.
const (
	TransferAuthorizationToken TransferAuthorization = "token"
	TransferAuthorizationAllow TransferAuthorization = "allow"
	TransferAuthorizationDeny  TransferAuthorization = "deny"
)

// NodeUsers are users of the Node API.
type NodeUsers struct {
	// secretRef names a Secret with an entry for each user: the key is the user's name, the value YAML with password,
	// transferUser, and docroot (a folder beneath the docroot of the node) or restrictions (a list such as
	// file:////data/*). Changes are taken over without a restart; what is removed from the Secret is removed from the node.
	// hsts user refuses to change these users.
	// +required
	SecretRef SecretReference `json:"secretRef,omitzero"`
}
