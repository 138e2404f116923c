package webhook

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Webhook is what an administrator sets.
type Webhook struct {
	Name              string `json:"name" minLength:"1" maxLength:"255"`
	URL               string `json:"url" minLength:"1" maxLength:"2048"`
	SSL               bool   `json:"ssl" doc:"whether it is called by HTTPS; url says the same"`
	ConnectionTimeout int    `json:"connection_timeout" minimum:"1" maximum:"600" doc:"seconds"`
	Active            bool   `json:"active"`
	Filters
}

// Default is a webhook about which nothing was said.
func Default() Webhook { return Webhook{ConnectionTimeout: 60, Active: true} }

// Problem is a field whose value cannot be.
type Problem struct{ Field, Message string }

// Check tells what is wrong with a webhook beyond the types and bounds of its fields.
func (w Webhook) Check() []Problem {
	var all []Problem
	wrong := func(field, message string) { all = append(all, Problem{field, message}) }
	u, err := url.Parse(w.URL)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Fragment != "":
		wrong("url", "url must be a whole address that begins with https:// or http://.")
	case u.User != nil:
		wrong("url", "url must hold no user name and password: calls are signed with the webhook's secret.")
	case (u.Scheme == "https") != w.SSL:
		wrong("ssl", "ssl and the beginning of url must agree.")
	}
	for field, value := range map[string]*string{"package_date_start": w.PackageDateStart, "package_date_end": w.PackageDateEnd} {
		if _, _, ok := moment(value); isSet(value) && !ok {
			wrong(field, field+" must be a day like 2026-01-31, or a time like 2026-01-31T12:00:00Z.")
		}
	}
	for field, value := range map[string]*string{"package_size_min": w.PackageSizeMin, "package_size_max": w.PackageSizeMax,
		"package_file_count_min": w.PackageFileCountMin, "package_file_count_max": w.PackageFileCountMax} {
		if _, ok := count(value); isSet(value) && !ok {
			wrong(field, field+" must be a whole number.")
		}
	}
	for _, r := range []struct {
		low, high *string
		field     string
	}{{w.PackageSizeMin, w.PackageSizeMax, "package_size_max"},
		{w.PackageFileCountMin, w.PackageFileCountMax, "package_file_count_max"}} {
		low, okLow := count(r.low)
		if high, ok := count(r.high); ok && okLow && low > high {
			wrong(r.field, "The end of the range is before its beginning.")
		}
	}
	if from, _, ok := moment(w.PackageDateStart); ok {
		if _, to, ok := moment(w.PackageDateEnd); ok && to.Before(from) {
			wrong("package_date_end", "The end of the range is before its beginning.")
		}
	}
	return all
}

// moment reads a day, which has a beginning and an end, or a time, which is both; false for none.
func moment(s *string) (begin, end time.Time, ok bool) {
	if !isSet(s) {
		return begin, end, false
	}
	if day, err := time.Parse(time.DateOnly, *s); err == nil {
		return day, day.Add(24*time.Hour - time.Nanosecond), true
	}
	t, err := time.Parse(time.RFC3339, *s)
	return t, t, err == nil
}

func count(s *string) (int64, bool) {
	if !isSet(s) {
		return 0, false
	}
	n, err := strconv.ParseInt(*s, 10, 64)
	return n, err == nil && n >= 0
}

// Read reads what was stored of a webhook.
func Read(stored []byte) (Webhook, error) {
	w := Default()
	if err := json.Unmarshal(stored, &w); err != nil {
		return w, fmt.Errorf("read a webhook: %w", err)
	}
	return w, nil
}
