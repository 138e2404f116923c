package settings

import "strconv"

// Group is what workgroups and shared inboxes have in common, by the published names.
type Group struct {
	SubmittersInstructions      string `json:"submitters_instructions" maxLength:"4000"`
	AdminCanManageExistingUsers bool   `json:"admin_can_manage_existing_users"`
	AdminCanManageUsers         bool   `json:"admin_can_manage_users"`
	AdminCanManageADGroup       bool   `json:"admin_can_manage_ad_group"`
	InboxType                   string `json:"inbox_type" enum:"custom,default"`
	InboxDestinationShareID     string `json:"inbox_destination_share_id" maxLength:"20"`
	UploadDirectlyToCustomInbox bool   `json:"upload_directly_to_custom_inbox"`
	EnableRelay                 bool   `json:"enable_relay"`
	MetadataProfileID           string `json:"metadata_profile_id" maxLength:"20"`
	SaveMetadataToFile          bool   `json:"save_metadata_to_file"`
}

// Workgroup is what administrators set for a workgroup.
type Workgroup struct {
	Group
	MemberAccess  string `json:"member_access" enum:"mutual,workgroup_admin,restricted_access" doc:"who sends to its members: all members, its admins, nobody"`
	WorkgroupType string `json:"workgroup_type" enum:"members_only,moderated,restricted,workgroup" doc:"who sends to it: members, its admins, nobody, anyone"`
}

// SharedInbox is what administrators set for a shared inbox.
type SharedInbox struct {
	Group
	AllowPublicURL                   string `json:"allow_public_url" enum:"true,false,default"`
	AdminCanManageExternalSubmitters bool   `json:"admin_can_manage_external_submitters"`
	UsersCanInviteExternalSubmitters bool   `json:"users_can_invite_external_submitters"`
	CustomPackageExpirationPolicy    bool   `json:"custom_package_expiration_policy"`
	SetPackageExpiration             bool   `json:"set_package_expiration"`
	PackageExpirationDays            int    `json:"package_expiration_days" minimum:"1" maximum:"36500"`
	DeletePackageAfterDownloadPolicy string `json:"delete_package_after_download_policy" enum:"nothing,all_members,any_member"`
	CustomLinkExpirationPolicy       bool   `json:"custom_link_expiration_policy"`
	SetInvitationLinkExpiration      bool   `json:"set_invitation_link_expiration"`
	InvitationExpirationDays         int    `json:"invitation_expiration_days" minimum:"1" maximum:"36500"`
	InvitationExpirationHours        int    `json:"invitation_expiration_hours" minimum:"1" maximum:"876000"`
	InvitationExpiresAfterUpload     bool   `json:"invitation_expires_after_upload"`
	RequireEncryptionAtRest          string `json:"require_encryption_at_rest" enum:"false,optional,true,server"`
}

// DefaultWorkgroup is a workgroup for which nothing was set: its members send to it and to each other.
func DefaultWorkgroup() Workgroup {
	return Workgroup{Group: Group{InboxType: "default"}, MemberAccess: "mutual", WorkgroupType: "members_only"}
}

// DefaultSharedInbox is a shared inbox for which nothing was set.
func DefaultSharedInbox() SharedInbox {
	return SharedInbox{
		Group: Group{InboxType: "default", AdminCanManageUsers: true}, AllowPublicURL: Default,
		AdminCanManageExternalSubmitters: true, PackageExpirationDays: 60, DeletePackageAfterDownloadPolicy: "nothing",
		InvitationExpirationDays: 3, InvitationExpirationHours: 72, RequireEncryptionAtRest: "server",
	}
}

// Check tells what is wrong with the settings of a group.
func (g Group) Check() []Problem {
	var all []Problem
	wrong := func(field, message string) { all = append(all, Problem{field, message}) }
	if g.InboxType == "custom" && !g.UploadDirectlyToCustomInbox {
		wrong("inbox_type", "A custom inbox needs upload_directly_to_custom_inbox: there are no relays yet.")
	}
	if g.EnableRelay {
		wrong("enable_relay", "There are no relays yet.")
	}
	if g.InboxType == "custom" && !isID(g.InboxDestinationShareID) {
		wrong("inbox_destination_share_id", "A custom inbox needs the id of a storage location.")
	}
	if g.MetadataProfileID != "" && !isID(g.MetadataProfileID) {
		wrong("metadata_profile_id", "metadata_profile_id is the id of a metadata profile, or empty.")
	}
	return all
}

func isID(text string) bool {
	n, err := strconv.ParseInt(text, 10, 64)
	return err == nil && n > 0
}

// ReadWorkgroup reads the stored settings of a workgroup.
func ReadWorkgroup(stored []byte) (Workgroup, error) { return readOver(stored, DefaultWorkgroup()) }

// ReadSharedInbox reads the stored settings of a shared inbox.
func ReadSharedInbox(stored []byte) (SharedInbox, error) {
	return readOver(stored, DefaultSharedInbox())
}

func readOver[T any](stored []byte, defaults T) (T, error) {
	d, err := ReadDocument(stored)
	if err != nil {
		return defaults, err
	}
	return Over(d, defaults)
}
