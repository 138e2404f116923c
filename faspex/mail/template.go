package mail

import "slices"

// Template is what an administrator writes of a type of mail. There are two: the parts of a form, and an HTML text. The
// one that was saved last is used.
type Template struct {
	Subject                       string `json:"subject" maxLength:"998"`
	Greeting                      string `json:"greeting" maxLength:"10000"`
	Introduction                  string `json:"introduction" maxLength:"10000"`
	MessageContinued              string `json:"message_continued" maxLength:"10000"`
	Signature                     string `json:"signature" maxLength:"10000"`
	IncludeDetails                bool   `json:"include_details"`
	AlternateAddressFooter        string `json:"alternate_address_footer" maxLength:"10000"`
	IncludeAlternateAddressFooter bool   `json:"include_alternate_address_footer"`
	IncludeRecipients             bool   `json:"include_recipients"`
	HTML                          string `json:"html" maxLength:"200000"`
	UseHTMLDerived                bool   `json:"use_html_derived"`
}

// Types of mails, by their published names.
const (
	WelcomeEmail       = "welcome_email"
	ForgotPassword     = "forgot_password"
	AccountApproved    = "account_approved"
	AccountDenied      = "account_denied"
	PersonalInvitation = "personal_invitation"
	InboxInvitation    = "shared_inbox_invitation"
	PersonalSubmit     = "personal_submit"
	InboxSubmit        = "shared_inbox_submit"
	PackageReceived    = "package_received"
	Code               = "mfa_code"
	// EmailTest and RegistrationRequest have no template that could be changed.
	EmailTest           = "email_test"
	RegistrationRequest = "registration_request"
)

// kind is what this version knows of a type.
type kind struct {
	description, subject, introduction, continued, details string
}

var kinds = map[string]kind{
	WelcomeEmail: {"To a new user", "Welcome to Faspex",
		"An account was made for you at SERVER_ADDRESS. Your user name is LOGIN.",
		"Set your password here: LOGIN_LINK\nThe link works once, for 3 days.", ""},
	ForgotPassword: {"To a user who asked to set another password", "Set another password",
		"Somebody, probably you, asked to set another password for LOGIN at SERVER_ADDRESS.",
		"Set it here: LOGIN_LINK\nThe link works once, for an hour. If you did not ask for it, do nothing.", ""},
	AccountApproved: {"To somebody whose registration was approved", "Your account was approved",
		"Your account at SERVER_ADDRESS was approved. Your user name is LOGIN.",
		"Set your password here: LOGIN_LINK\nThe link works once, for 3 days.", ""},
	AccountDenied: {"To somebody whose registration was denied", "Your account was not approved",
		"Your request for an account at SERVER_ADDRESS was not approved.", "", ""},
	"account_exist": {"To somebody who registers with an address that has an account", "You have an account already",
		"There is an account for your address at SERVER_ADDRESS.", "Log in here: LOGIN_LINK", ""},
	"mfa_code": {"With the code of a login", "Your code", "Your code for SERVER_ADDRESS is MFA_CODE.",
		"It is valid for MFA_CODE_VALIDITY minutes.", ""},
	"package_received": {"To a recipient of a package", "SENDER_NAME sent you PACKAGE_NAME",
		"SENDER_NAME sent you a package.", "Open it here: PACKAGE_LINK\nLINK_EXPIRATION_INFO", "PACKAGE_NOTE"},
	"package_received_cc": {"To those who are told when a recipient receives a package",
		"RECIPIENT_NAME received PACKAGE_NAME", "SENDER_NAME sent a package to RECIPIENT_NAME.", "", "PACKAGE_NOTE"},
	"package_sent_cc": {"To those who are told when a package is sent", "SENDER_NAME sent PACKAGE_NAME",
		"SENDER_NAME sent a package.", "", "PACKAGE_NOTE"},
	"package_downloaded": {"To the sender of a package that was downloaded", "PACKAGE_NAME was downloaded",
		"DOWNLOADER_NAME downloaded your package.", "", ""},
	"package_downloaded_cc": {"To those who are told of downloads", "PACKAGE_NAME was downloaded",
		"DOWNLOADER_NAME downloaded a package of SENDER_NAME.", "", ""},
	"workgroup_package": {"To members of a workgroup that got a package", "WORKGROUP_NAME got PACKAGE_NAME",
		"SENDER_NAME sent a package to WORKGROUP_NAME.", "Open it here: PACKAGE_LINK", "PACKAGE_NOTE"},
	"upload_result": {"To the sender when an upload ends", "PACKAGE_NAME: upload UPLOAD_RESULT",
		"The upload of your package ended: UPLOAD_RESULT.", "", ""},
	"upload_result_cc": {"To those who are told of uploads", "PACKAGE_NAME: upload UPLOAD_RESULT",
		"The upload of a package of SENDER_NAME ended: UPLOAD_RESULT.", "", ""},
	"relay_started_cc":  {"When a relay starts", "PACKAGE_NAME: relay started", "The relay of a package started.", "", ""},
	"relay_finished_cc": {"When a relay is done", "PACKAGE_NAME: relay done", "The relay of a package is done.", "", ""},
	"relay_error_cc":    {"When a relay fails", "PACKAGE_NAME: relay failed", "The relay of a package failed.", "", ""},
	"relay_failed_admin": {"To administrators when a relay fails", "PACKAGE_NAME: relay failed",
		"The relay of a package failed.", "", ""},
	"relay_failed": {"To the sender when a relay fails", "PACKAGE_NAME: relay failed",
		"The relay of your package failed.", "", ""},
	"admin_sync_failed": {"To administrators when a synchronisation fails", "Synchronisation failed",
		"A synchronisation failed at SERVER_ADDRESS.", "", ""},
	"sync_failed": {"To the user when a synchronisation fails", "Synchronisation failed",
		"A synchronisation failed at SERVER_ADDRESS.", "", ""},
	"shared_inbox_invitation": {
		"Invites somebody to send to a shared inbox",
		"Send files to SHARED_INBOX_NAME",
		"SENDER_NAME invites you to send files to SHARED_INBOX_NAME.",
		"Send them here: INVITATION_LINK\nLINK_EXPIRATION_INFO",
		"",
	},
	InboxSubmit: {"To somebody without an account who sent to a shared inbox", "You sent PACKAGE_NAME",
		"Your package for SHARED_INBOX_NAME has arrived.", "What becomes of it: STATUS_LINK", ""},
	"personal_invitation": {"Invites somebody to send to a user", "Send files to SENDER_NAME",
		"SENDER_NAME invites you to send files.", "Send them here: INVITATION_LINK\nLINK_EXPIRATION_INFO", ""},
	PersonalSubmit: {"To somebody without an account who sent to a user", "You sent PACKAGE_NAME",
		"Your package for RECIPIENT_NAME has arrived.", "What becomes of it: STATUS_LINK", ""},
	"package_file_processing_failed_sender": {"To the sender when the processing of files fails",
		"PACKAGE_NAME: processing failed", "Files of your package could not be processed.", "", ""},
	"package_file_processing_failed_recipient": {"To recipients when the processing of files fails",
		"PACKAGE_NAME: processing failed", "Files of a package for you could not be processed.", "", ""},
}

// Types lists the types of mails that have templates.
func Types() []string {
	var all []string
	for name := range kinds {
		all = append(all, name)
	}
	slices.Sort(all)
	return all
}

// Describe tells what a type of mail is for.
func Describe(of string) string { return kinds[of].description }

// Details are what include_details adds.
func Details(of string) string { return kinds[of].details }

// registrationRequest is the template of RegistrationRequest, which the published product has no type for.
var registrationRequest = Template{
	Subject: "REQUESTER_NAME asks for an account", Greeting: "Hello,",
	Introduction:     "REQUESTER_NAME (REQUESTER_EMAIL) asks for an account at SERVER_ADDRESS.",
	MessageContinued: "Administrators and managers decide about it here: LOGIN_LINK", Signature: "Faspex at SERVER_ADDRESS",
	UseHTMLDerived: true,
}

// Default is the template of a type for which nothing was written.
func Default(of string) Template {
	if of == RegistrationRequest {
		return registrationRequest
	}
	k := kinds[of]
	greeting := "Hello USER_FIRST_NAME,"
	switch {
	case carbonCopy(of):
		greeting = "Hello CC_NAME,"
	case toOutsider(of):
		greeting = "Hello,"
	}
	return Template{
		Subject: k.subject, Greeting: greeting, Introduction: k.introduction,
		MessageContinued: k.continued, Signature: "Faspex at SERVER_ADDRESS", IncludeDetails: k.details != "",
		IncludeRecipients: true, UseHTMLDerived: true,
	}
}
