package api

// ApplicationEvent is something that somebody did.
type ApplicationEvent struct {
	ID            string  `json:"id"`
	CreatedAt     string  `json:"created_at"`
	EventLocation *string `json:"event_location" doc:"the address of the client"`
	EventValue    *string `json:"event_value"`
	EventValueOld *string `json:"event_value_old"`
	FileID        *string `json:"file_id"`
	FileName      *string `json:"file_name"`
	PackageName   *string `json:"package_name"`
	PackageID     *string `json:"package_id"`
	PackageUUID   *string `json:"package_uuid"`
	EventType     string  `json:"event_type"`
	Application   string  `json:"application" enum:"faspex,packages,admin,utility"`
	Message       *string `json:"message"`
	// User is who did it: one, or none when nobody is known or the account is gone.
	User   []Account     `json:"user"`
	Client []EventClient `json:"client"`
}

// EventClient is the program of an event.
type EventClient struct {
	ClientID string `json:"client_id"`
}
