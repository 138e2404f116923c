package mail

import (
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Words of templates by subject, with values as an example, which previews show. SERVER_ADDRESS and links come from the
// server.
var (
	wordsOfUser    = map[string]string{"USER_NAME": "Ada Lovelace", "USER_FIRST_NAME": "Ada", "USER_LAST_NAME": "Lovelace"}
	wordsOfPackage = map[string]string{
		"SENDER_NAME": "Grace Hopper", "SENDER_FIRST_NAME": "Grace", "SENDER_LAST_NAME": "Hopper",
		"SENDER_EMAIL": "grace@example.com", "SENDER_LOGIN": "grace",
		"PACKAGE_NAME": "Dailies <day 3>", "PACKAGE_UUID": "5b3f4c0e-0d1c-4a5e-9a8e-2f6c1d7b9e10",
		"PACKAGE_DATE": "2026-11-30 17:00 UTC", "PACKAGE_SIZE": "1.5 GB", "PACKAGE_FILES": "12",
		"PACKAGE_FILE_LIST_FIRST_10": "camera-a\ncamera-b", "PACKAGE_NOTE": "Please look at these first.",
		"ALL_PUBLIC_RECIPIENTS": "Ada Lovelace", "ALL_PUBLIC_RECIPIENTS_EMAIL": "ada@example.com",
		"ALL_CC_RECIPIENTS": "Archive", "ALL_CC_RECIPIENTS_EMAIL": "archive@example.com",
	}
	wordsOfCopies    = map[string]string{"CC_NAME": "Archive", "CC_EMAIL": "archive@example.com", "RECIPIENT_NAME": "Ada Lovelace"}
	wordsOfDownloads = map[string]string{
		"DOWNLOADER_NAME": "Ada Lovelace", "DOWNLOADER_FIRST_NAME": "Ada", "DOWNLOADER_LAST_NAME": "Lovelace",
		"DOWNLOADER_EMAIL": "ada@example.com", "DOWNLOADER_LOGIN": "ada",
	}
	wordsOfWorkgroups  = map[string]string{"WORKGROUP_NAME": "Editors"}
	wordsOfUploads     = map[string]string{"UPLOAD_RESULT": "completed"}
	wordsOfRelays      = map[string]string{"DESTINATION_NODE": "north", "DESTINATION_DIRECTORY": "archive/2026"}
	wordsOfInvitations = map[string]string{
		"EMAIL": "ada@example.com", "SENDER_NAME": "Grace Hopper", "SENDER_EMAIL": "grace@example.com",
		"LINK_EXPIRATION_INFO": "The link is good until 2026-12-03 17:00 UTC.",
	}
	wordsOfInboxes    = map[string]string{"SHARED_INBOX_NAME": "Editors"}
	wordsOfReceivers  = map[string]string{"RECIPIENT_NAME": "Grace Hopper", "RECIPIENT_FIRST_NAME": "Grace", "RECIPIENT_LAST_NAME": "Hopper"}
	wordsOfCodes      = map[string]string{"MFA_CODE": "493027", "MFA_CODE_VALIDITY": "10"}
	wordsOfRequesters = map[string]string{"REQUESTER_NAME": "Ada Lovelace", "REQUESTER_EMAIL": "ada@example.com"}
)

const sampleLink = "/aspera/faspex/public/send?context=example"

// links are the words that stand for an address of the server, with its path.
var links = map[string]string{
	"LOGIN_LINK": "/aspera/faspex/auth/password?code=EXAMPLE", "PACKAGE_LINK": "/aspera/faspex/packages/received/12",
	"PACKAGE_URL": "/aspera/faspex/packages/received/12", "STATUS_URL": "/aspera/faspex/packages/sent/12",
	"STATUS_LINK": "/aspera/faspex/packages/sent/12", "INVITATION_LINK": sampleLink, "SUBMIT_LINK": sampleLink,
	"SUBMISSION_URL": sampleLink, "SUBMISSION_LINK": sampleLink, "SHARED_INBOX_URL": sampleLink,
	"SHARED_INBOX_LINK": sampleLink,
}

// carbonCopy reports whether a type of mail goes to somebody who is only told.
func carbonCopy(of string) bool { return strings.HasSuffix(of, "_cc") }

// toOutsider reports whether a type of mail goes to an address that may have no name.
func toOutsider(of string) bool {
	return slices.Contains([]string{PersonalInvitation, InboxInvitation, PersonalSubmit, InboxSubmit, Code}, of)
}

// neededLink is the word without whose value a mail of a type is of no use; empty for none.
func neededLink(of string) string {
	if slices.Contains([]string{WelcomeEmail, ForgotPassword, AccountApproved}, of) {
		return "LOGIN_LINK"
	}
	return ""
}

// Sample gives the words that a template of a type may use, with values as an example. base is the server's address.
func Sample(of, base string) map[string]string {
	values := map[string]string{"SERVER_ADDRESS": base, "PRIMARY_ADDRESS": base}
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		values["SERVER_ADDRESS"], values["PRIMARY_ADDRESS"] = u.Host, u.Host
	}
	parts, addresses := wordsOf(of)
	for _, part := range parts {
		maps.Copy(values, part)
	}
	for _, name := range addresses {
		values[name] = base + links[name]
	}
	return values
}

// wordsOf gives the words of a type by subject, and those that stand for an address.
func wordsOf(of string) (parts []map[string]string, addresses []string) {
	if carbonCopy(of) {
		parts = append(parts, wordsOfCopies)
	} else {
		parts = append(parts, wordsOfUser)
	}
	status := []string{"PACKAGE_URL", "STATUS_URL", "STATUS_LINK"}
	pkg := []string{"PACKAGE_URL", "PACKAGE_LINK"}
	switch {
	case strings.HasPrefix(of, "relay_"):
		return append(parts, wordsOfPackage, wordsOfWorkgroups, wordsOfRelays), pkg
	case of == "upload_result":
		return append(parts, wordsOfPackage, wordsOfUploads), status
	case of == "upload_result_cc":
		return append(parts, wordsOfPackage, wordsOfUploads), pkg
	case strings.HasPrefix(of, "package_downloaded"):
		return append(parts, wordsOfPackage, wordsOfDownloads), pkg
	case of == "workgroup_package":
		return append(parts, wordsOfPackage, wordsOfWorkgroups), pkg
	case of == PackageReceived:
		return append(parts, wordsOfPackage, map[string]string{
			"LINK_EXPIRATION_INFO": "The link is good until 2026-12-07 10:00 UTC."}), pkg
	case strings.HasPrefix(of, "package_"):
		return append(parts, wordsOfPackage), pkg
	case of == InboxInvitation:
		return append(parts, wordsOfInvitations, wordsOfInboxes),
			[]string{"INVITATION_LINK", "SUBMIT_LINK", "SHARED_INBOX_URL", "SHARED_INBOX_LINK", "SUBMISSION_URL", "SUBMISSION_LINK"}
	case of == PersonalInvitation:
		return append(parts, wordsOfInvitations, wordsOfReceivers),
			[]string{"INVITATION_LINK", "SUBMIT_LINK", "SUBMISSION_URL", "SUBMISSION_LINK"}
	case of == InboxSubmit:
		return append(parts, wordsOfPackage, wordsOfInboxes), status
	case of == PersonalSubmit:
		return append(parts, wordsOfPackage, wordsOfReceivers), status
	case of == Code:
		return append(parts, wordsOfCodes), nil
	case of == RegistrationRequest:
		return append(parts, wordsOfRequesters), []string{"LOGIN_LINK"}
	}
	return append(parts, map[string]string{"LOGIN": "ada"}), []string{"LOGIN_LINK"}
}

var alternate = regexp.MustCompile(`^ALTERNATE_ADDRESS_[0-9]+$`)

// allowed leaves of values those that are words of a type.
func allowed(of string, values map[string]string) map[string]string {
	known := Sample(of, "")
	left := maps.Clone(values)
	maps.DeleteFunc(left, func(name, _ string) bool {
		_, has := known[name]
		return !has && !alternate.MatchString(name)
	})
	return left
}

// Words lists what stands for values, in order.
func Words(values map[string]string) []string { return slices.Sorted(maps.Keys(values)) }
