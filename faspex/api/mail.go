package api

import "encoding/json"

// Job is a piece of background work.
type Job struct {
	ID                string `json:"id"`
	WorkerID          string `json:"worker_id"`
	JobName           string `json:"job_name"`
	ReferenceUUID     string `json:"reference_uuid"`
	JobType           string `json:"job_type" enum:"email,transfer_stats,background,relay,event,package_processing"`
	WorkerIP          string `json:"worker_ip"`
	ResponseTimeout   int    `json:"response_timeout"`
	RetryCount        int    `json:"retry_count"`
	MaxAttempts       int    `json:"max_attempts" doc:"after so many failures a one-time job fails for good; 0 for jobs that recur"`
	Persistent        bool   `json:"persistent"`
	Status            string `json:"status" enum:"queued,working,failed,completed,disabled,initiated"`
	NextAvailability  string `json:"next_availability"`
	ScheduledInterval int    `json:"scheduled_interval"`
	ErrorCode         string `json:"error_code"`
	ErrorDesc         string `json:"error_desc"`
	MethodName        string `json:"method_name"`
	SerializedArgs    string `json:"serialized_args"`
	CreatedAt         string `json:"created_at"`
	UpdatedAt         string `json:"updated_at"`
	// Data is what a run had to tell: of a test of the mail server, the conversation.
	Data json.RawMessage `json:"data,omitempty"`
}

// EmailNotification is the template of a type of mail.
type EmailNotification struct {
	ID                            string `json:"id"`
	UseHTMLDerived                bool   `json:"use_html_derived" doc:"true: the form was saved last"`
	Description                   string `json:"description"`
	Type                          string `json:"type"`
	Subject                       string `json:"subject"`
	Greeting                      string `json:"greeting"`
	Introduction                  string `json:"introduction"`
	MessageContinued              string `json:"message_continued"`
	Signature                     string `json:"signature"`
	Details                       string `json:"details"`
	IncludeDetails                bool   `json:"include_details"`
	AlternateAddressFooter        string `json:"alternate_address_footer"`
	IncludeAlternateAddressFooter bool   `json:"include_alternate_address_footer"`
	IncludeRecipients             bool   `json:"include_recipients"`
	HTMLDerived                   string `json:"html_derived" doc:"the HTML of the form"`
	HTML                          string `json:"html" doc:"the text of the HTML editor"`
}

// EmailNotificationChange changes a template. html saves the HTML editor, anything else the form; what was saved last
// is used.
type EmailNotificationChange struct {
	Subject                       *string `json:"subject,omitempty" maxLength:"998"`
	Greeting                      *string `json:"greeting,omitempty" maxLength:"10000"`
	Introduction                  *string `json:"introduction,omitempty" maxLength:"10000"`
	MessageContinued              *string `json:"message_continued,omitempty" maxLength:"10000"`
	Signature                     *string `json:"signature,omitempty" maxLength:"10000"`
	IncludeDetails                *bool   `json:"include_details,omitempty"`
	AlternateAddressFooter        *string `json:"alternate_address_footer,omitempty" maxLength:"10000"`
	IncludeAlternateAddressFooter *bool   `json:"include_alternate_address_footer,omitempty"`
	IncludeRecipients             *bool   `json:"include_recipients,omitempty"`
	HTML                          *string `json:"html,omitempty" maxLength:"200000"`
}

// MailServer is how mails leave. Its password is told by nobody.
type MailServer struct {
	AuthType              string `json:"auth_type" enum:"login,open"`
	ServerAddress         string `json:"server_address" minLength:"1" maxLength:"255"`
	ServerPort            int    `json:"server_port" minimum:"1" maximum:"65535"`
	Domain                string `json:"domain" maxLength:"255"`
	FromUser              string `json:"from_user" maxLength:"255"`
	FromEmail             string `json:"from_email" minLength:"3" maxLength:"255"`
	TLSEnabled            bool   `json:"tls_enabled"`
	PackagesRecipientFrom string `json:"packages_recipient_from" enum:"faspex,sender,sender_via_faspex,sender_email"`
	Username              string `json:"username" maxLength:"255"`
	DefaultTimeZoneOffset string `json:"default_time_zone_offset" pattern:"^-?[0-9]{1,3}$"`
}

// ManagedSettings is what the operator's object decides in the place of admins: all of it, each time.
type ManagedSettings struct {
	// Manager names the object to people.
	Manager string `json:"manager"`
	// Configuration has the fields that are decided, by their published names.
	Configuration map[string]json.RawMessage `json:"configuration"`
	SMTP          *ManagedMailServer         `json:"smtp,omitempty"`
}

// ManagedMailServer is a mail server with its password.
type ManagedMailServer struct {
	MailServer
	Password string `json:"password,omitempty"`
}

// MailTest asks for a test mail.
type MailTest struct {
	TestEmailRecipient string `json:"test_email_recipient" minLength:"3" maxLength:"255"`
}

// PasswordCode asks for a mail with a link to set a password.
type PasswordCode struct {
	ClientID    string `json:"client_id" maxLength:"128"`
	RequestType string `json:"request_type" maxLength:"64"`
	Email       string `json:"email" minLength:"1" maxLength:"255"`
}

// PasswordByCode sets a password by a code that was mailed.
type PasswordByCode struct {
	ClientID string `json:"client_id" maxLength:"128"`
	OOBCode  string `json:"oob_code" maxLength:"128"`
	User     struct {
		Email           string `json:"email" maxLength:"255"`
		Password        string `json:"password" maxLength:"256"`
		ConfirmPassword string `json:"confirm_password" maxLength:"256"`
	} `json:"user"`
}
