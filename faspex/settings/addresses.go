package settings

import (
	"net/netip"
	"slices"
	"strings"
)

// AlternateAddress is another name by which some people reach the server.
type AlternateAddress struct {
	Name        string  `json:"address_name"`
	Description *string `json:"description"`
	InMails     bool    `json:"include_in_emails"`
}

// CheckAddress tells what is wrong with an alternate address: a host name, or addresses, patterns and networks with
// commas between them.
func CheckAddress(name string) []Problem {
	if name != "" && !slices.ContainsFunc(strings.Split(name, ","), func(part string) bool { return !isAddress(strings.TrimSpace(part)) }) {
		return nil
	}
	return []Problem{{"address_name", "address_name must be a host name, or addresses like 198.51.100.24, 10.0.0.* and " +
		"192.168.0.0/18 with commas between them."}}
}

func isAddress(part string) bool {
	if part == "" {
		return false
	}
	if _, err := netip.ParsePrefix(part); err == nil {
		return true
	}
	return isPattern(part) || isHost(part) && !strings.ContainsAny(part, "*?#&=%")
}
