package api

// CodeOrder is the body of POST mfa/send_code, and CodeTyped that of POST mfa/verify_code. The link that the call comes
// by says what it is about; the rest is what clients send besides.
type CodeOrder struct {
	PackageID    *ID    `json:"package_id,omitempty" nullable:"true"`
	ClientID     string `json:"client_id,omitempty" maxLength:"255"`
	RedirectURI  string `json:"redirect_uri,omitempty" maxLength:"2000"`
	ResourceType string `json:"resource_type,omitempty" enum:"external_upload_to_shared_inbox,external_upload_to_user,external_download_package"`
}

// CodeSent tells that a code is on its way.
type CodeSent struct {
	Status string `json:"status" enum:"sent"`
}

// CodeTyped holds a code that was mailed.
type CodeTyped struct {
	PackageID    *ID    `json:"package_id,omitempty" nullable:"true"`
	ClientID     string `json:"client_id,omitempty" maxLength:"255"`
	ResourceType string `json:"resource_type,omitempty" enum:"external_upload_to_shared_inbox,external_upload_to_user,external_download_package"`
	Code         string `json:"mfa_code" required:"true" maxLength:"20"`
}

// CodeTaken holds the address by which the link is open for an hour.
type CodeTaken struct {
	URL string `json:"url"`
}
