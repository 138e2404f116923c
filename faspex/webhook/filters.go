// Package webhook has the rules of webhooks: which packages one is called for, what is sent, how that is signed, and which
// addresses may be called. It knows no database.
package webhook

import (
	"strings"
	"time"
)

// Filters say for which packages a webhook is called, by the published names. All that are set must match; nil sets none.
// Of a text its exact value or a part is wanted. Ranges include their ends.
type Filters struct {
	PackageName         *string `json:"package_name" maxLength:"255" nullable:"true"`
	PackageNameExact    bool    `json:"package_name_exact"`
	SenderName          *string `json:"sender_name" maxLength:"255" nullable:"true"`
	SenderNameExact     bool    `json:"sender_name_exact"`
	SenderEmail         *string `json:"sender_email" maxLength:"255" nullable:"true"`
	SenderEmailExact    bool    `json:"sender_email_exact"`
	RecipientName       *string `json:"recipient_name" maxLength:"255" nullable:"true" doc:"of a person; workgroups and shared inboxes are none"`
	RecipientNameExact  bool    `json:"recipient_name_exact"`
	RecipientEmail      *string `json:"recipient_email" maxLength:"255" nullable:"true"`
	RecipientEmailExact bool    `json:"recipient_email_exact"`
	PackageNote         *string `json:"package_note" maxLength:"16000" nullable:"true"`
	PackageNoteExact    bool    `json:"package_note_exact"`
	// Dates are days (2026-01-31, in UTC) or times, the others whole numbers as text.
	PackageDateStart    *string `json:"package_date_start" nullable:"true" doc:"a day in UTC, or a time"`
	PackageDateEnd      *string `json:"package_date_end" nullable:"true"`
	PackageSizeMin      *string `json:"package_size_min" nullable:"true" doc:"bytes"`
	PackageSizeMax      *string `json:"package_size_max" nullable:"true"`
	PackageFileCountMin *string `json:"package_file_count_min" nullable:"true"`
	PackageFileCountMax *string `json:"package_file_count_max" nullable:"true"`
}

// Package is what filters look at.
type Package struct {
	Name, Note   string
	Sender       Person
	People       []Person // recipients by name; groups are none
	Made         time.Time
	Bytes, Files int64
}

// Person is a sender or a recipient.
type Person struct{ Name, Email string }

// Match reports whether a package is one for which the webhook is called. Logins and e-mail addresses are the same in
// capitals; names and notes of packages are not.
func (f Filters) Match(p Package) bool {
	return text(f.PackageName, f.PackageNameExact, p.Name) && text(f.PackageNote, f.PackageNoteExact, p.Note) &&
		folded(f.SenderName, f.SenderNameExact, p.Sender.Name) &&
		folded(f.SenderEmail, f.SenderEmailExact, p.Sender.Email) &&
		anyOf(p.People, f.RecipientName, func(o Person) bool { return folded(f.RecipientName, f.RecipientNameExact, o.Name) }) &&
		anyOf(p.People, f.RecipientEmail, func(o Person) bool { return folded(f.RecipientEmail, f.RecipientEmailExact, o.Email) }) &&
		f.inTime(p.Made) && inRange(f.PackageSizeMin, f.PackageSizeMax, p.Bytes) &&
		inRange(f.PackageFileCountMin, f.PackageFileCountMax, p.Files)
}

// All reports whether no filter is set.
func (f Filters) All() bool {
	for _, s := range []*string{f.PackageName, f.SenderName, f.SenderEmail, f.RecipientName, f.RecipientEmail, f.PackageNote,
		f.PackageDateStart, f.PackageDateEnd, f.PackageSizeMin, f.PackageSizeMax, f.PackageFileCountMin, f.PackageFileCountMax} {
		if isSet(s) {
			return false
		}
	}
	return true
}

func isSet(s *string) bool { return s != nil && *s != "" }

func text(wanted *string, exact bool, is string) bool {
	switch {
	case !isSet(wanted):
		return true
	case exact:
		return is == *wanted
	}
	return strings.Contains(is, *wanted)
}

func folded(wanted *string, exact bool, is string) bool {
	if !isSet(wanted) {
		return true
	}
	lower := strings.ToLower(*wanted)
	return text(&lower, exact, strings.ToLower(is))
}

// anyOf is true without a filter, and else when one of the people fits.
func anyOf(people []Person, wanted *string, fits func(Person) bool) bool {
	if !isSet(wanted) {
		return true
	}
	for _, p := range people {
		if fits(p) {
			return true
		}
	}
	return false
}

func (f Filters) inTime(made time.Time) bool {
	from, _, okFrom := moment(f.PackageDateStart)
	_, to, okTo := moment(f.PackageDateEnd)
	return (!okFrom || !made.Before(from)) && (!okTo || !made.After(to))
}

func inRange(low, high *string, n int64) bool {
	from, okFrom := count(low)
	to, okTo := count(high)
	return (!okFrom || n >= from) && (!okTo || n <= to)
}
