package settings

import (
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"faspex.io/operator/faspex/passwords"
)

// Problem is a field whose value cannot be.
type Problem struct {
	Field   string // by its published name
	Message string
}

// Ciphers are those that encryption_type may name.
func Ciphers() []string {
	return []string{"aes-128", "aes-192", "aes-256", "aes-128-cfb", "aes-192-cfb", "aes-256-cfb", "aes-128-gcm",
		"aes-192-gcm", "aes-256-gcm"}
}

// GatewayEnding ends the address of an HTTP gateway, as published.
const GatewayEnding = "/aspera/http-gwy/v1"

var connectVersion = regexp.MustCompile(`^\d{1,9}\.\d{1,9}\.\d{1,9}$`)

// Check tells what is wrong with a configuration beyond the types and bounds of its fields.
func (c Configuration) Check() []Problem {
	var all []Problem
	wrong := func(field, message string) { all = append(all, Problem{field, message}) }
	if _, err := passwords.Compile(c.StrongPasswordRegex); err != nil {
		wrong("strong_password_regex", "strong_password_regex is not a regular expression.")
	}
	if c.EncryptionType != nil && !slices.Contains(Ciphers(), *c.EncryptionType) {
		wrong("encryption_type", "encryption_type is none of "+strings.Join(Ciphers(), ", ")+".")
	}
	if c.MinConnectVersion != "" && !connectVersion.MatchString(c.MinConnectVersion) {
		wrong("min_connect_version", "min_connect_version must be three numbers with points between them, like 4.2.8.")
	}
	if !isHost(c.ServerAddress) {
		wrong("server_address", "server_address must be a host name or an address, with a port or without one.")
	}
	for _, u := range []struct {
		field string
		value *string
	}{{"http_gateway_url", c.HTTPGatewayURL}, {"connect_url", c.ConnectURL}} {
		if u.value != nil && *u.value != "" && !isHTTPS(*u.value) {
			wrong(u.field, u.field+" must be an https address.")
		}
	}
	if c.HTTPGatewayURL != nil && *c.HTTPGatewayURL != "" && !strings.HasSuffix(*c.HTTPGatewayURL, GatewayEnding) {
		wrong("http_gateway_url", "http_gateway_url must end in "+GatewayEnding+".")
	}
	all = append(all, checkDomains("quota_recipient_allowlist", c.QuotaRecipientAllowlist)...)
	all = append(all, checkDomains("quota_sender_allowlist", c.QuotaSenderAllowlist)...)
	for _, l := range []struct {
		field string
		list  []string
	}{
		{"registration_approval_ccs", c.RegistrationApprovalCCs},
		{"registration_approval_ccs_external", c.RegistrationApprovalCCsExternal},
	} {
		if slices.ContainsFunc(l.list, func(s string) bool { return !IsEmail(s) }) {
			wrong(l.field, l.field+" must hold e-mail addresses.")
		}
	}
	for _, l := range []struct {
		field string
		list  []string
	}{
		{"quota_recipient_allowlist", c.QuotaRecipientAllowlist}, {"quota_sender_allowlist", c.QuotaSenderAllowlist},
		{"registration_blocklist", c.RegistrationBlocklist},
	} {
		if slices.ContainsFunc(l.list, func(s string) bool { return s == "" || strings.ContainsAny(s, "@ \t\r\n") }) {
			wrong(l.field, l.field+" must hold domains.")
		}
	}
	if c.InitialTargetUploadRateKbps > c.MaxTargetUploadRateKbps {
		wrong("initial_target_upload_rate_kbps", "The initial upload rate is above the largest one.")
	}
	if c.InitialTargetDownloadRateKbps > c.MaxTargetDownloadRateKbps {
		wrong("initial_target_download_rate_kbps", "The initial download rate is above the largest one.")
	}
	if !isVersion(c.MinConnectVersion) {
		wrong("min_connect_version", "min_connect_version must read like 4.2.1.")
	}
	return all
}

// isHost takes an empty text for the host that the installation was given.
func isHost(s string) bool {
	u, err := url.Parse("//" + s)
	return err == nil && u.Host == s && u.User == nil && !strings.ContainsAny(s, " \t\r\n/\\")
}

func isHTTPS(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil
}

// isVersion takes an empty text, and three numbers with dots between them.
func isVersion(s string) bool {
	if s == "" {
		return true
	}
	parts := strings.Split(s, ".")
	return len(parts) == 3 && !slices.ContainsFunc(parts, func(p string) bool {
		return p == "" || len(p) > 5 || strings.Trim(p, "0123456789") != ""
	})
}

// IsEmail tells whether text is a plain e-mail address, without a name and angle brackets.
func IsEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}
