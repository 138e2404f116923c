package v1alpha1

// MailSpec is how mails of an instance leave.
type MailSpec struct {
	// host of the mail server; its certificate has to be for this name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="isIP(self) || self.matches('^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$')",message="host must be a DNS name without underscores, or an IP address"
	Host string `json:"host,omitempty"`

	// port of the mail server; 587 by default. 465 means TLS from the first byte.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// tls says whether TLS is used; true by default. With credentials, no mail is sent without it.
	// +optional
	TLS *bool `json:"tls,omitempty"`

	// credentialsSecretRef names a Secret with the keys username and password to log in with; without it the mail server
	// has to be open to the service's pods.
	// +optional
	CredentialsSecretRef *SecretReference `json:"credentialsSecretRef,omitempty"`

	// from is who mails come from.
	// +required
	From MailAddress `json:"from,omitzero"`

	// packageFrom is who mails about packages come from: Faspex (default), SenderViaFaspex, Sender or SenderEmail.
	// +optional
	// +kubebuilder:validation:Enum=Faspex;SenderViaFaspex;Sender;SenderEmail
	PackageFrom string `json:"packageFrom,omitempty"`

	// heloName is how the service greets the mail server; the name of its pod by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:Pattern=`^[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$`
	HELOName string `json:"heloName,omitempty"`

	// timeZoneOffsetMinutes is the zone of times in mails, in minutes from UTC; 0 by default.
	// +optional
	// +kubebuilder:validation:Minimum=-720
	// +kubebuilder:validation:Maximum=840
	TimeZoneOffsetMinutes *int32 `json:"timeZoneOffsetMinutes,omitempty"`
}

// MailAddress is an e-mail address with a name.
type MailAddress struct {
	// name beside the address; Faspex by default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	Name string `json:"name,omitempty"`

	// email is the address.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=254
	// +kubebuilder:validation:Pattern="^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9]([-A-Za-z0-9.]*[A-Za-z0-9])?$"
	Email string `json:"email,omitempty"`
}
