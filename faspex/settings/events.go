package settings

import "slices"

// PurgePolicy is how long events of one type are kept.
type PurgePolicy struct {
	Type string `json:"event_type"`
	Days int    `json:"duration"`
	// Active says whether they are ever forgotten.
	Active bool `json:"active"`
}

// eventTypes are the published ones, in the order in which their policies have ids. One that is added goes to the end.
var eventTypes = []string{
	"logout_success", "login_success", "login_failed", "password_change", "file_processing_failed",
	"file_processing_timeout", "package_updated", "package_deleted", "package_archived", "package_relay_retried",
	"package_relay_canceled", "package_sent", "user_invitation_resent", "user_invitation_sent",
	"shared_inbox_invitation_sent", "shared_inbox_invitation_resent", "updated_credentials", "created_admin", "db_seed",
	"migrate_core", "migrate_core_latest", "migrate_service", "migrate_service_latest", "db_backup", "db_restore",
	"utility_login", "utility_logout", "mark_missing_packages", "expire_packages", "package_post_upload_process",
	"package_monitor_relays", "deliver_failed_uploads", "mark_expired_packages", "packages_pending_deletion",
	"pkgs_data_collection_watcher", "pkgs_poller_watcher", "deactivate_expired_users", "delete_inactive_users",
	"node_resolver", "deliveries_processing_timeout", "deliveries_pending_deletion", "mark_expired_deliveries",
	"mark_deleted_deliveries", "purge_application_events", "purge_expired_codes",
}

// EventTypes lists the published types of application events.
func EventTypes() []string { return slices.Clone(eventTypes) }

// KeepEventsDays is how long events are kept while nobody decided otherwise.
const KeepEventsDays = 365

// PurgePolicies gives the policy of every type: those that were set, over 365 days for each.
func PurgePolicies(set List[PurgePolicy]) []PurgePolicy {
	all := make([]PurgePolicy, 0, len(eventTypes))
	for i, of := range eventTypes {
		policy := PurgePolicy{Type: of, Days: KeepEventsDays, Active: true}
		if at := set.At(i + 1); at >= 0 {
			policy = set.Items[at].Value
		}
		all = append(all, policy)
	}
	return all
}
