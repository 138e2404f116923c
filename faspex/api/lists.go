package api

// DistributionList names people to send to.
type DistributionList struct {
	ID       string        `json:"id"`
	Type     string        `json:"type" enum:"global,personal"`
	Name     string        `json:"name"`
	Contacts []ListContact `json:"contacts"`
}

// ListContact is somebody on a list. Who has no account has the name that the list gives.
type ListContact struct {
	ID        string `json:"id"`
	Name      string `json:"name"`
	FirstName string `json:"first_name"`
	LastName  string `json:"last_name"`
	Email     string `json:"email"`
	Type      string `json:"type" enum:"user,external_user"`
}

// DistributionListChange is the body that makes or changes a list; nil leaves a field as it is.
type DistributionListChange struct {
	Name     *string       `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Contacts []ContactName `json:"contacts,omitempty" nullable:"true" maxItems:"10000"`
	Type     string        `json:"type,omitempty" enum:"global,personal"`
}

// ContactName names somebody by login or e-mail address.
type ContactName struct {
	Name string `json:"name" minLength:"1" maxLength:"255"`
}
