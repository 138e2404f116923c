package api

// Member is somebody in a workgroup or a shared inbox.
type Member struct {
	ID               string `json:"id"`
	UserID           string `json:"user_id"`
	Type             string `json:"type"`
	Name             string `json:"name"`
	FirstName        string `json:"first_name"`
	LastName         string `json:"last_name"`
	Email            string `json:"email"`
	MemberSince      string `json:"member_since"`
	Expiration       string `json:"expiration" enum:"never,after_one_upload,after_one_upload_or_date,on_date"`
	Status           string `json:"status" enum:"expired,active,inactive,locked,pending_approval,saml_configuration_disabled"`
	Access           string `json:"access" enum:"submit_only,standard,workgroup_admin,shared_inbox_admin"`
	IsWorkgroupAdmin bool   `json:"is_wg_admin"`
}
