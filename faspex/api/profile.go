package api

// ProfileField is a property that accounts have beside the usual ones.
type ProfileField struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Required      bool   `json:"required"`
	Enabled       bool   `json:"enabled"`
	SAMLFieldName string `json:"saml_field_name"`
	SAMLConfigID  string `json:"saml_config_id"`
	Type          string `json:"type" enum:"default_profile_field,global_custom_profile_field,local_custom_profile_field,global_profile_field"`
}

// ProfileData is what an account has for a property.
type ProfileData struct {
	Name               string `json:"name"`
	Required           bool   `json:"required"`
	Enabled            bool   `json:"enabled"`
	SAMLFieldName      string `json:"saml_field_name"`
	SAMLConfigID       string `json:"saml_config_id"`
	Type               string `json:"type" enum:"default_profile_field,global_custom_profile_field,local_custom_profile_field,global_profile_field"`
	UserProfileFieldID string `json:"user_profile_field_id"`
	Value              string `json:"value"`
}
