package settings

import (
	"strconv"
	"strings"
)

// ProfileField is a property that administrators add to the accounts of users.
type ProfileField struct {
	Name          string `json:"name"`
	Required      bool   `json:"required"`
	Enabled       bool   `json:"enabled"`
	SAMLFieldName string `json:"saml_field_name"`
}

// MaxProfileFields is how many properties there can be.
const MaxProfileFields = 5

// ProfileValue is what an account has for a property.
type ProfileValue struct {
	FieldID string `json:"user_profile_field_id" maxLength:"20"`
	Value   string `json:"value" maxLength:"1024"`
}

// CheckProfile tells what is wrong with the properties of an account: one that does not exist, and one that is required
// and not given.
func CheckProfile(fields List[ProfileField], values []ProfileValue) []Problem {
	const field = "user_profile_data_attributes"
	given := map[string]string{}
	var all []Problem
	for _, v := range values {
		id, err := strconv.Atoi(v.FieldID)
		if err != nil || fields.At(id) < 0 {
			all = append(all, Problem{field, "There is no user property " + v.FieldID + "."})
		}
		given[v.FieldID] = strings.TrimSpace(v.Value)
	}
	for _, f := range fields.Items {
		if f.Value.Required && f.Value.Enabled && given[strconv.Itoa(f.ID)] == "" {
			all = append(all, Problem{field, "The user property " + f.Value.Name + " is needed."})
		}
	}
	return all
}
