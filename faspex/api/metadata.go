package api

// MetadataProfile is what senders have to fill in beside title and note, and what those may hold.
type MetadataProfile struct {
	ID        string          `json:"id"`
	CreatedAt string          `json:"created_at"`
	UpdatedAt string          `json:"updated_at"`
	Name      string          `json:"name"`
	Default   bool            `json:"default"`
	Title     MetadataText    `json:"title"`
	Note      MetadataNote    `json:"note"`
	Fields    []MetadataField `json:"fields"`
}

// MetadataText bounds a text.
type MetadataText struct {
	MaxLength    int      `json:"max_length" minimum:"1" maximum:"16000"`
	IllegalChars []string `json:"illegal_chars" maxItems:"100"`
}

// MetadataNote bounds the note, or forbids it.
type MetadataNote struct {
	MetadataText
	Enabled bool `json:"enabled"`
}

// MetadataField is one field of a profile.
type MetadataField struct {
	ID           string   `json:"id,omitempty"`
	Name         string   `json:"name" minLength:"1" maxLength:"255"`
	Type         string   `json:"type" enum:"text_field,text_area,option_list,date_field,text_block"`
	Require      bool     `json:"require"`
	Ordering     int      `json:"ordering"`
	IllegalChars []string `json:"illegal_chars,omitempty" maxItems:"100"`
	MaxLength    int      `json:"max_length,omitempty" minimum:"0" maximum:"16000"`
	Choices      []string `json:"choices,omitempty" maxItems:"1000"`
	DateFormat   string   `json:"date_format,omitempty" maxLength:"32"`
	Visible      *bool    `json:"visible,omitempty"`
	DefaultValue string   `json:"default_value,omitempty" maxLength:"16000"`
}

// MetadataProfileChange is the body that makes or changes a profile; nil leaves a part as it is.
type MetadataProfileChange struct {
	Name    *string         `json:"name,omitempty" minLength:"1" maxLength:"255"`
	Default *bool           `json:"default,omitempty"`
	Title   *MetadataText   `json:"title,omitempty"`
	Note    *MetadataNote   `json:"note,omitempty"`
	Fields  []MetadataField `json:"fields,omitempty" nullable:"true" maxItems:"200"`
}
