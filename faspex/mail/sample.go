package mail

import (
	"maps"
	"net/url"
	"slices"
	"strings"
)

// Values that stand for the words of templates in previews, by subject. SERVER_ADDRESS and links come from the server.
var (
	sampleUser = map[string]string{
		"USER_NAME": "ada@example.com", "USER_FIRST_NAME": "Ada", "USER_LAST_NAME": "Lovelace",
	}
	samplePackage = map[string]string{
		"SENDER_NAME": "Grace Hopper", "SENDER_FIRST_NAME": "Grace", "SENDER_LAST_NAME": "Hopper",
		"SENDER_EMAIL": "grace@example.com", "SENDER_LOGIN": "grace@example.com",
		"PACKAGE_NAME": "Dailies <day 3>", "PACKAGE_UUID": "5b3f4c0e-0d1c-4a5e-9a8e-2f6c1d7b9e10",
		"PACKAGE_DATE": "2026-11-30 17:00 UTC", "PACKAGE_SIZE": "1.5 GiB", "PACKAGE_FILES": "12",
		"PACKAGE_FILE_LIST_FIRST_10": "camera-a, camera-b", "PACKAGE_NOTE": "Please look at these first.",
		"ALL_PUBLIC_RECIPIENTS":            "Ada Lovelace (ada@example.com)",
		"ALL_PUBLIC_RECIPIENTS_NAMES_ONLY": "Ada Lovelace",
	}
	sampleCC         = map[string]string{"CC_NAME": "Archive", "CC_EMAIL": "archive@example.com", "RECIPIENT_NAME": "Ada Lovelace"}
	sampleDownloader = map[string]string{
		"DOWNLOADER_NAME": "Ada Lovelace", "DOWNLOADER_FIRST_NAME": "Ada", "DOWNLOADER_LAST_NAME": "Lovelace",
		"DOWNLOADER_EMAIL": "ada@example.com",
	}
	sampleGroup      = map[string]string{"WORKGROUP_NAME": "Editors"}
	sampleUpload     = map[string]string{"UPLOAD_RESULT": "completed", "PACKAGE_STATUS": "completed"}
	sampleRelay      = map[string]string{"DESTINATION_NODE": "north", "DESTINATION_DIRECTORY": "archive/2026"}
	sampleInvitation = map[string]string{
		"EMAIL": "ada@example.com", "SHARED_INBOX_NAME": "Editors", "RECIPIENT_NAME": "Grace Hopper",
		"LINK_EXPIRATION_INFO": "The link is good for 72 hours.",
	}
	sampleCode = map[string]string{"MFA_CODE": "493027", "MFA_CODE_VALIDITY": "10"}
)

const sampleLink = "/aspera/faspex/public/send?context=example"

// links are the words that stand for an address of the server, with its path.
var links = map[string]string{
	"LOGIN": "/aspera/faspex/", "PACKAGE_LINK": "/aspera/faspex/packages/received/12",
	"PACKAGE_URL": "/aspera/faspex/packages/received/12", "STATUS_URL": "/aspera/faspex/packages/sent/12",
	"STATUS_LINK": "/aspera/faspex/packages/sent/12", "INVITATION_LINK": sampleLink, "SUBMIT_LINK": sampleLink,
	"SUBMISSION_URL": sampleLink, "SUBMISSION_LINK": sampleLink, "SHARED_INBOX_URL": sampleLink,
	"SHARED_INBOX_LINK": sampleLink,
}

// Sample gives the words that a template of a type may use, with values as an example. base is the server's address.
func Sample(of, base string) map[string]string {
	values := map[string]string{"SERVER_ADDRESS": base, "PRIMARY_ADDRESS": base}
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		values["SERVER_ADDRESS"], values["PRIMARY_ADDRESS"] = u.Host, u.Host
	}
	add := func(parts ...map[string]string) {
		for _, part := range parts {
			maps.Copy(values, part)
		}
	}
	addLinks := func(names ...string) {
		for _, name := range names {
			values[name] = base + links[name]
		}
	}
	carbonCopy := strings.HasSuffix(of, "_cc")
	switch {
	case strings.HasPrefix(of, "relay_"):
		add(samplePackage, sampleGroup, sampleRelay)
	case strings.HasPrefix(of, "upload_result"):
		add(samplePackage, sampleUpload)
		addLinks("PACKAGE_URL", "STATUS_URL", "STATUS_LINK")
	case strings.Contains(of, "downloaded"):
		add(samplePackage, sampleDownloader)
		addLinks("PACKAGE_URL", "PACKAGE_LINK")
	case of == "workgroup_package":
		add(samplePackage, sampleGroup)
		addLinks("PACKAGE_URL", "PACKAGE_LINK")
	case strings.HasPrefix(of, "package_"):
		add(samplePackage, map[string]string{"LINK_EXPIRATION_INFO": "The link is good until 2026-12-07 10:00 UTC."})
		addLinks("PACKAGE_URL", "PACKAGE_LINK")
	case strings.Contains(of, "invitation"):
		add(sampleInvitation, map[string]string{"SENDER_NAME": "Grace Hopper", "SENDER_EMAIL": "grace@example.com"})
		addLinks("INVITATION_LINK", "SUBMIT_LINK", "SUBMISSION_URL", "SUBMISSION_LINK", "SHARED_INBOX_URL", "SHARED_INBOX_LINK")
	case strings.Contains(of, "submit"):
		add(samplePackage, sampleInvitation, map[string]string{"SENDER_EMAIL": "grace@example.com"})
		addLinks("PACKAGE_URL", "STATUS_URL", "STATUS_LINK")
	case of == "mfa_code":
		add(sampleCode)
	default:
		addLinks("LOGIN")
	}
	if carbonCopy {
		add(sampleCC)
	} else {
		add(sampleUser)
	}
	return values
}

// Words lists what stands for values, in order.
func Words(values map[string]string) []string { return slices.Sorted(maps.Keys(values)) }
