package webhook

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func ptr(s string) *string { return &s }

var film = Package{
	Name: "Film 12", Note: "Final cut", Sender: Person{"alice", "alice@example.com"},
	People: []Person{{"bob", "bob@example.org"}, {"carol", "carol@example.net"}},
	Made:   time.Date(2026, 3, 31, 23, 59, 59, 0, time.UTC), Bytes: 1000, Files: 3,
}

// faspex-AC2: a filter wants the exact value or a part, ranges include their ends, an empty end is open, and all that are
// set must match.
func TestFilters(t *testing.T) {
	for name, test := range map[string]struct {
		f    Filters
		want bool
	}{
		"none":                      {Filters{}, true},
		"an empty one":              {Filters{PackageName: ptr("")}, true},
		"a part of the name":        {Filters{PackageName: ptr("lm 1")}, true},
		"exactly a part":            {Filters{PackageName: ptr("lm 1"), PackageNameExact: true}, false},
		"exactly the name":          {Filters{PackageName: ptr("Film 12"), PackageNameExact: true}, true},
		"another case":              {Filters{PackageName: ptr("film")}, false},
		"a part of the note":        {Filters{PackageNote: ptr("cut")}, true},
		"exactly a part of a note":  {Filters{PackageNote: ptr("cut"), PackageNoteExact: true}, false},
		"exactly the note":          {Filters{PackageNote: ptr("Final cut"), PackageNoteExact: true}, true},
		"a part of the sender":      {Filters{SenderName: ptr("LIC")}, true},
		"exactly the sender":        {Filters{SenderName: ptr("Alice"), SenderNameExact: true}, true},
		"exactly a part of it":      {Filters{SenderName: ptr("alic"), SenderNameExact: true}, false},
		"a part of the address":     {Filters{SenderEmail: ptr("@example.com")}, true},
		"exactly the address":       {Filters{SenderEmail: ptr("alice@example.com"), SenderEmailExact: true}, true},
		"exactly a domain":          {Filters{SenderEmail: ptr("@example.com"), SenderEmailExact: true}, false},
		"one recipient":             {Filters{RecipientName: ptr("aro")}, true},
		"exactly one recipient":     {Filters{RecipientName: ptr("carol"), RecipientNameExact: true}, true},
		"exactly a part of one":     {Filters{RecipientName: ptr("car"), RecipientNameExact: true}, false},
		"no recipient":              {Filters{RecipientName: ptr("dora")}, false},
		"an address of one":         {Filters{RecipientEmail: ptr("example.net")}, true},
		"exactly the address of":    {Filters{RecipientEmail: ptr("bob@example.org"), RecipientEmailExact: true}, true},
		"exactly a domain of one":   {Filters{RecipientEmail: ptr("example.org"), RecipientEmailExact: true}, false},
		"from the day on":           {Filters{PackageDateStart: ptr("2026-03-31")}, true},
		"from the second on":        {Filters{PackageDateStart: ptr("2026-03-31T23:59:59Z")}, true},
		"from the next second on":   {Filters{PackageDateStart: ptr("2026-04-01T00:00:00Z")}, false},
		"until the day":             {Filters{PackageDateEnd: ptr("2026-03-31")}, true},
		"until the second":          {Filters{PackageDateEnd: ptr("2026-03-31T23:59:59Z")}, true},
		"until the day before":      {Filters{PackageDateEnd: ptr("2026-03-30")}, false},
		"on the day":                {Filters{PackageDateStart: ptr("2026-03-31"), PackageDateEnd: ptr("2026-03-31")}, true},
		"at least its size":         {Filters{PackageSizeMin: ptr("1000")}, true},
		"more than its size":        {Filters{PackageSizeMin: ptr("1001")}, false},
		"at most its size":          {Filters{PackageSizeMax: ptr("1000")}, true},
		"less than its size":        {Filters{PackageSizeMax: ptr("999")}, false},
		"between":                   {Filters{PackageSizeMin: ptr("1000"), PackageSizeMax: ptr("1000")}, true},
		"an open end":               {Filters{PackageSizeMin: ptr("5"), PackageSizeMax: ptr("")}, true},
		"its number of files":       {Filters{PackageFileCountMin: ptr("3"), PackageFileCountMax: ptr("3")}, true},
		"more files":                {Filters{PackageFileCountMin: ptr("4")}, false},
		"fewer files":               {Filters{PackageFileCountMax: ptr("2")}, false},
		"all of several":            {Filters{PackageName: ptr("Film"), SenderName: ptr("alice"), PackageSizeMin: ptr("1")}, true},
		"all of several but one":    {Filters{PackageName: ptr("Film"), SenderName: ptr("bob"), PackageSizeMin: ptr("1")}, false},
		"a name and another's mail": {Filters{RecipientName: ptr("bob"), RecipientEmail: ptr("carol@example.net")}, true},
	} {
		if got := test.f.Match(film); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The example of Standard Webhooks 1.0, by which receivers check their libraries.
func TestSignatureOfTheStandard(t *testing.T) {
	h, err := Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0),
		[]byte(`{"test": 2432232314}`))
	if err != nil || h.Get("Webhook-Signature") != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" ||
		h.Get("Webhook-Timestamp") != "1614265330" || h.Get("Webhook-Id") != "msg_p5jXN8AQM9LWM0D4loKWxJek" {
		t.Errorf("%v, %v", h, err)
	}
	secret := NewSecret()
	if key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_")); err != nil || len(key) != 32 ||
		secret == NewSecret() {
		t.Errorf("secret of %d bytes, %v", len(key), err)
	}
}

func TestWrongWebhooks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Webhook)
		field  string
	}{
		"right":           {func(*Webhook) {}, ""},
		"no address":      {func(w *Webhook) { w.URL = "example.com/hook" }, "url"},
		"another scheme":  {func(w *Webhook) { w.URL = "file:///etc/passwd" }, "url"},
		"a password":      {func(w *Webhook) { w.URL = "https://u:p@example.com" }, "url"},
		"not as it says":  {func(w *Webhook) { w.URL = "http://example.com" }, "ssl"},
		"a wrong day":     {func(w *Webhook) { w.PackageDateStart = ptr("31.3.2026") }, "package_date_start"},
		"days turned":     {func(w *Webhook) { w.PackageDateStart, w.PackageDateEnd = ptr("2026-02-01"), ptr("2026-01-01") }, "package_date_end"},
		"a wrong size":    {func(w *Webhook) { w.PackageSizeMin = ptr("1 GB") }, "package_size_min"},
		"sizes turned":    {func(w *Webhook) { w.PackageSizeMin, w.PackageSizeMax = ptr("2"), ptr("1") }, "package_size_max"},
		"a negative size": {func(w *Webhook) { w.PackageFileCountMax = ptr("-1") }, "package_file_count_max"},
	} {
		w := Default()
		w.Name, w.URL, w.SSL = "x", "https://example.com/hook", true
		test.change(&w)
		problems := w.Check()
		if len(problems) == 0 != (test.field == "") || len(problems) > 0 && problems[0].Field != test.field {
			t.Errorf("%s: %+v", name, problems)
		}
	}
}

func TestPayloadKeepsMetadata(t *testing.T) {
	raw, err := Upload{UUID: "u", Name: "n", Metadata: map[string]json.RawMessage{"Genre": json.RawMessage(`"News"`)}}.Payload()
	var got struct {
		Metadata map[string]any `json:"faspex_metadata_fields"`
	}
	if err != nil || json.Unmarshal(raw, &got) != nil || got.Metadata["Genre"] != "News" || got.Metadata["_pkg_uuid"] != "u" {
		t.Errorf("%s, %v", raw, err)
	}
}
