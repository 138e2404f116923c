package api

// Registration is somebody who asked for an account and waits for a decision.
type Registration struct {
	ID              string            `json:"id"`
	CreatedAt       string            `json:"created_at"`
	FirstName       string            `json:"first_name"`
	LastName        string            `json:"last_name"`
	Name            string            `json:"name"`
	Email           string            `json:"email"`
	ClientID        string            `json:"client_id"`
	UserProfileData []UserProfileData `json:"user_profile_data"`
}

// UserProfileData is what somebody filled in for a user property.
type UserProfileData struct {
	UserProfileFieldID   string `json:"user_profile_field_id"`
	UserProfileFieldName string `json:"user_profile_field_name"`
	UserProfileDataValue string `json:"user_profile_data_value"`
}
