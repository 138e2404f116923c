package service_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

// words are all that templates may use, beside alternate addresses.
func allWords() []string {
	all := map[string]bool{}
	for _, of := range mail.Types() {
		for name := range mail.Sample(of, "") {
			all[name] = true
		}
	}
	var out []string
	for name := range all {
		out = append(out, name)
	}
	sort.Strings(out)
	return append(out, "ALTERNATE_ADDRESS_1", "ALTERNATE_ADDRESS_2")
}

// telling makes every template tell all words, and those of a link in its subject.
func (o *outsiders) telling() {
	o.t.Helper()
	var lines strings.Builder
	for _, name := range allWords() {
		fmt.Fprintf(&lines, "%s=%s;\n", strings.ToLower(name), name)
	}
	for _, of := range mail.Types() {
		o.answered(o.in.Admin, http.StatusOK, "PUT", "/email_notifications?type="+of, map[string]any{
			"subject": of + " STATUS_URL STATUS_LINK PACKAGE_NAME", "greeting": lines.String(), "introduction": "",
			"message_continued": "", "signature": "", "include_details": false})
	}
}

var told = regexp.MustCompile(`(?s)([a-z][a-z0-9_]*)=(.*?);\r?\n`)

// news are the mails since the last call by their type and address, each as the words that stood for something.
func (o *outsiders) news(before *int) map[string]map[string]string {
	o.t.Helper()
	o.run()
	out := map[string]map[string]string{}
	mails := o.post.smtp.Mails()
	for _, m := range mails[*before:] {
		words := map[string]string{"subject": m.Subject, "from": m.Sender, "envelope": m.From, "html": m.HTML}
		for _, found := range told.FindAllStringSubmatch(m.Text, -1) {
			if value := strings.ReplaceAll(found[2], "\r\n", "\n"); value != strings.ToUpper(found[1]) {
				words[found[1]] = value
			}
		}
		key := strings.Fields(m.Subject)[0] + " > " + m.To
		if out[key] != nil {
			o.t.Errorf("%s came twice", key)
		}
		out[key] = words
	}
	*before = len(mails)
	return out
}

// has checks what words stand for, by the mail; a value "-" is a word that the type does not have, "*" one with any value.
func (o *outsiders) has(news map[string]map[string]string, mail string, want map[string]string) map[string]string {
	o.t.Helper()
	got, sent := news[mail]
	if !sent {
		var all []string
		for name := range news {
			all = append(all, name)
		}
		slices.Sort(all)
		o.t.Errorf("no mail %s among %s", mail, strings.Join(all, ", "))
		return nil
	}
	for name, value := range want {
		found, known := got[strings.ToLower(name)]
		if value == "-" && known || value != "-" && !known || value != "-" && value != "*" && found != value {
			o.t.Errorf("%s, %s: %q, want %q", mail, name, found, value)
		}
	}
	return got
}

const elsewhere = "files.example.org:8443"

// faspex-Z1, faspex-Y12: the mails of accounts go to whoever they are about, when the guide says, with their words: a full
// name, a login name, the server's addresses. They bring their link also where the template does not name it. faspex-Z15:
// links begin with the configured address of the server.
func TestWordsOfAccountMails(t *testing.T) {
	o := newOutsiders(t)
	o.telling()
	o.configure(map[string]any{"server_address": elsewhere, "self_registration_type": "moderated"})
	for _, name := range []string{"one.example.org", "two.example.org"} {
		o.answered(o.in.Admin, http.StatusCreated, "POST", "/configuration/alternate_addresses",
			map[string]any{"address_name": name, "include_in_emails": true})
	}
	seen := 0
	add := func(name string, more map[string]any) string {
		body := map[string]any{"name": name, "first_name": "Ulf", "last_name": "Larsson", "email": name + "@example.com"}
		for k, v := range more {
			body[k] = v
		}
		return o.answered(o.in.Admin, http.StatusCreated, "POST", "/accounts", body)["id"].(string)
	}
	link := regexp.MustCompile(`^https?://files\.example\.org:8443/aspera/faspex/auth/password\?code=[A-Z0-9]+$`)
	person := func(news map[string]map[string]string, mail, first, last, login string, linked bool) {
		t.Helper()
		got := o.has(news, mail, map[string]string{"USER_NAME": first + " " + last, "USER_FIRST_NAME": first, "USER_LAST_NAME": last,
			"SERVER_ADDRESS": elsewhere, "PRIMARY_ADDRESS": elsewhere, "LOGIN": login, "CC_NAME": "-", "PACKAGE_NAME": "-",
			"ALTERNATE_ADDRESS_1": "one.example.org", "ALTERNATE_ADDRESS_2": "two.example.org"})
		if linked && (!link.MatchString(got["login_link"]) || !strings.Contains(got["html"], `<a href="`+got["login_link"]+`"`)) {
			t.Errorf("%s: link %q in %s", mail, got["login_link"], got["html"])
		}
	}
	o.configure(map[string]any{"send_welcome_email_to_all_new_users": false})
	add("silent", nil)
	o.configure(map[string]any{"send_welcome_email_to_all_new_users": true})
	id := add("ulf", nil)
	news := o.news(&seen)
	person(news, "welcome_email > ulf@example.com", "Ulf", "Larsson", "ulf", true)
	if len(news) != 1 {
		t.Errorf("new accounts: %d mails", len(news))
	}
	o.post.call(t, nil, "POST", "/account/oob_code", map[string]any{"client_id": "ui-client", "request_type": "forgot_password",
		"email": "ulf@example.com"})
	person(o.news(&seen), "forgot_password > ulf@example.com", "Ulf", "Larsson", "ulf", true)
	o.answered(o.in.Admin, http.StatusNoContent, "POST", "/accounts/"+id+"/reset_password", nil)
	person(o.news(&seen), "forgot_password > ulf@example.com", "Ulf", "Larsson", "ulf", true)

	o.answered(o.in.Admin, http.StatusOK, "PUT", "/email_notifications?type=account_approved", map[string]any{
		"greeting": "user_name=USER_NAME;\nuser_first_name=USER_FIRST_NAME;\nuser_last_name=USER_LAST_NAME;\nlogin=LOGIN;\n" +
			"server_address=SERVER_ADDRESS;\nprimary_address=PRIMARY_ADDRESS;\n"})
	for _, email := range []string{"neo@example.com", "eve@example.com"} {
		if page := o.post.signUp(t, email, true); page.Status != http.StatusOK {
			t.Fatalf("%d %s", page.Status, page.Body)
		}
	}
	if news := o.news(&seen); len(news) != 0 {
		t.Errorf("before the decision: %v", news)
	}
	for _, a := range o.answered(o.in.Admin, http.StatusOK, "GET", "/registrations", nil)["registrations"].([]any) {
		decision := map[string]string{"neo@example.com": "accept", "eve@example.com": "deny"}[a.(map[string]any)["email"].(string)]
		o.answered(o.in.Admin, http.StatusMultiStatus, "POST", "/registrations/"+decision+"?ids="+a.(map[string]any)["id"].(string), nil)
	}
	news = o.news(&seen)
	person(news, "account_denied > eve@example.com", "Neo", "New", "eve@example.com", false)
	approved := o.has(news, "account_approved > neo@example.com", map[string]string{"USER_NAME": "Neo New", "USER_FIRST_NAME": "Neo",
		"USER_LAST_NAME": "New", "LOGIN": "neo@example.com", "SERVER_ADDRESS": elsewhere, "PRIMARY_ADDRESS": elsewhere})
	appended := regexp.MustCompile(`<a href="(https?://files\.example\.org:8443/aspera/faspex/auth/password\?code=[A-Z0-9]+)"`)
	if !appended.MatchString(approved["html"]) {
		t.Errorf("a template without LOGIN_LINK brings no link: %s", approved["html"])
	}
}

// faspex-Z2, faspex-Z3, faspex-Z6: the words of mails about packages, by type. faspex-X3: whom they are from, as the
// mail server's settings say. faspex-Y16: times are UTC, or in the zone of the settings.
func TestWordsOfMailsAboutPackages(t *testing.T) {
	o := newOutsiders(t)
	o.telling()
	o.configure(map[string]any{"server_address": elsewhere})
	o.in.User(t, "Carol", "Third", "")
	o.group("/workgroups", map[string]any{"name": "Editors"}, map[string]string{"alice@example.com": "standard",
		"carol@example.com": "standard"})
	o.answered(o.alice, http.StatusOK, "PUT", "/account/notification_settings", map[string]any{"notify_on_pkg_download": true})
	from := func(how, offset string) {
		t.Helper()
		s := o.post.server(smtpd.Options{})
		s["packages_recipient_from"], s["default_time_zone_offset"] = how, offset
		o.answered(o.in.Admin, http.StatusOK, "PUT", "/configuration/smtp", s)
	}
	seen := 0
	made := o.create(func(c *api.PackageCreate) {
		c.Title, c.Note = "Plans", "as agreed"
		c.Recipients = []api.RecipientName{{Name: "bob@example.com"}, {Name: "Editors", RecipientType: "workgroup"}}
		c.NotifiedOnReceipt, c.NotifiedOnDownload = named("eve@example.org"), named("dora@example.org")
		c.NotifiedOnUpload = named("udo@example.org")
	})
	o.upload(made)
	news := o.news(&seen)
	created := o.read(made).CreatedTime
	about := func(side string, more map[string]string) map[string]string {
		want := map[string]string{"SENDER_NAME": "Alice Sender", "SENDER_FIRST_NAME": "Alice", "SENDER_LAST_NAME": "Sender",
			"SENDER_EMAIL": "alice@example.com", "SENDER_LOGIN": "alice@example.com", "PACKAGE_NAME": "Plans",
			"PACKAGE_UUID": made.PackageUUID, "PACKAGE_DATE": created[:10] + " " + created[11:16] + " UTC", "PACKAGE_SIZE": "10 B",
			"PACKAGE_FILES": "2", "PACKAGE_FILE_LIST_FIRST_10": "a.txt\nfolder", "PACKAGE_NOTE": "as agreed",
			"ALL_PUBLIC_RECIPIENTS": "Bob Recipient, Editors", "ALL_PUBLIC_RECIPIENTS_EMAIL": "bob@example.com",
			"ALL_CC_RECIPIENTS": "eve@example.org", "ALL_CC_RECIPIENTS_EMAIL": "eve@example.org", "PRIMARY_ADDRESS": elsewhere,
			"envelope": "faspex@example.com", "from": `"Faspex" <faspex@example.com>`,
			"UPLOAD_RESULT": "-", "STATUS_URL": "-", "STATUS_LINK": "-", "DOWNLOADER_NAME": "-", "WORKGROUP_NAME": "-"}
		if side != "" {
			want["PACKAGE_URL"] = o.scheme() + elsewhere + "/aspera/faspex/packages/" + side + "/" + made.ID
		}
		for k, v := range more {
			want[k] = v
		}
		return want
	}
	user := func(first, last string, more map[string]string) map[string]string {
		all := map[string]string{"USER_NAME": first + " " + last, "USER_FIRST_NAME": first, "USER_LAST_NAME": last,
			"CC_NAME": "-", "CC_EMAIL": "-"}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	cc := func(address string, more map[string]string) map[string]string {
		all := map[string]string{"USER_NAME": "-", "USER_FIRST_NAME": "-", "USER_LAST_NAME": "-", "CC_NAME": address, "CC_EMAIL": address}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	o.has(news, "package_received > bob@example.com", about("received", user("Bob", "Recipient", map[string]string{"LINK_EXPIRATION_INFO": ""})))
	o.has(news, "package_received_cc > eve@example.org", about("", cc("eve@example.org", nil)))
	o.has(news, "package_sent_cc > eve@example.org", about("", cc("eve@example.org", nil)))
	o.has(news, "workgroup_package > carol@example.com", about("received", user("Carol", "Third", map[string]string{"WORKGROUP_NAME": "Editors"})))
	status := o.scheme() + elsewhere + "/aspera/faspex/packages/sent/" + made.ID
	o.has(news, "upload_result > alice@example.com", about("sent", user("Alice", "Sender", map[string]string{
		"UPLOAD_RESULT": "completed", "STATUS_URL": status, "STATUS_LINK": status,
		"subject": "upload_result STATUS_URL STATUS_LINK Plans"})))
	o.has(news, "upload_result_cc > udo@example.org", about("", cc("udo@example.org", map[string]string{"UPLOAD_RESULT": "completed"})))

	from("sender_via_faspex", "90")
	o.download(made, "")
	news = o.news(&seen)
	down := map[string]string{"DOWNLOADER_NAME": "Bob Recipient", "DOWNLOADER_FIRST_NAME": "Bob", "DOWNLOADER_LAST_NAME": "Recipient",
		"DOWNLOADER_EMAIL": "bob@example.com", "DOWNLOADER_LOGIN": "bob@example.com",
		"from": `"Alice Sender via Faspex" <faspex@example.com>`, "PACKAGE_DATE": localText(t, created)}
	o.has(news, "package_downloaded > alice@example.com", about("received", user("Alice", "Sender", down)))
	o.has(news, "package_downloaded_cc > dora@example.org", about("", cc("dora@example.org", down)))

	for _, test := range []struct{ how, want string }{
		{"sender", `"Alice Sender" <faspex@example.com>`}, {"sender_email", `"Alice Sender" <alice@example.com>`},
		{"faspex", `"Faspex" <faspex@example.com>`},
	} {
		from(test.how, "0")
		p := o.create(nil)
		o.upload(p)
		o.post.call(t, nil, "POST", "/account/oob_code", map[string]any{"client_id": "ui-client", "request_type": "forgot_password",
			"email": "bob@example.com"})
		news := o.news(&seen)
		o.has(news, "package_received > bob@example.com", map[string]string{"from": test.want, "envelope": "faspex@example.com"})
		o.has(news, "forgot_password > bob@example.com", map[string]string{"from": `"Faspex" <faspex@example.com>`})
	}
}

// localText is a time of an answer as mails tell it 90 minutes east of UTC.
func localText(t *testing.T, of string) string {
	t.Helper()
	at, err := time.Parse(time.RFC3339, of)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC().Add(90*time.Minute).Format("2006-01-02 15:04") + " UTC+01:30"
}

// scheme is what links begin with.
func (o *outsiders) scheme() string { return strings.SplitAfter(o.in.URL, "//")[0] }

// faspex-Z8, faspex-Y10: invitations and what is sent by them are told to the external user, with their words; links are
// HTML links.
func TestWordsOfInvitations(t *testing.T) {
	o := newOutsiders(t)
	o.telling()
	o.configure(map[string]any{"server_address": elsewhere})
	inbox := o.group("/shared_inboxes", map[string]any{"name": "Scans"}, map[string]string{"alice@example.com": "standard"})
	seen := 0
	personal := o.invite(map[string]any{"email_address": "ann@example.net", "expiration": "after_one_upload"})
	o.invite(map[string]any{"email_address": "pat@example.net", "expiration": "never"})
	o.answered(o.in.Admin, http.StatusCreated, "POST", "/shared_inboxes/"+inbox+"/external_collaborator",
		map[string]any{"email_address": "ian@example.net"})
	news := o.news(&seen)
	sentence := "The link is good until a package was sent with it."
	got := o.has(news, "personal_invitation > ann@example.net", map[string]string{"EMAIL": "ann@example.net",
		"RECIPIENT_NAME": "Alice Sender", "RECIPIENT_FIRST_NAME": "Alice", "RECIPIENT_LAST_NAME": "Sender",
		"SUBMISSION_URL": personal.AccessURL, "SUBMISSION_LINK": personal.AccessURL, "LINK_EXPIRATION_INFO": sentence,
		"PRIMARY_ADDRESS": elsewhere, "SHARED_INBOX_NAME": "-", "PACKAGE_NAME": "-"})
	if !strings.HasPrefix(got["submission_link"], o.scheme()+elsewhere+"/") {
		t.Errorf("link %q", got["submission_link"])
	}
	o.has(news, "personal_invitation > pat@example.net", map[string]string{"LINK_EXPIRATION_INFO": ""})
	toInbox := o.has(news, "shared_inbox_invitation > ian@example.net", map[string]string{"EMAIL": "ian@example.net",
		"SHARED_INBOX_NAME": "Scans", "SHARED_INBOX_URL": "*", "SHARED_INBOX_LINK": "*", "LINK_EXPIRATION_INFO": "*",
		"PRIMARY_ADDRESS": elsewhere, "RECIPIENT_NAME": "-"})

	// The HTML editor makes links of words that end so.
	o.answered(o.in.Admin, http.StatusOK, "PUT", "/email_notifications?type=personal_submit", map[string]any{
		"html": `<p>STATUS_LINK, STATUS_URL, <a href="STATUS_LINK">look</a></p>`})
	first := o.sends(o.context(personal.AccessURL).Passcode, "Scans of May", "")
	second := o.sends(o.context(toInbox["shared_inbox_url"]).Passcode, "More scans", "")
	news = o.news(&seen)
	submitted := func(p api.Package, from string, more map[string]string) map[string]string {
		want := map[string]string{"SENDER_EMAIL": from, "PACKAGE_NAME": p.Title, "PACKAGE_UUID": p.PackageUUID, "PACKAGE_URL": "",
			"PACKAGE_DATE": "*", "PACKAGE_SIZE": "7 B", "PACKAGE_FILES": "1", "PACKAGE_FILE_LIST_FIRST_10": "a.txt",
			"PACKAGE_NOTE": "", "STATUS_URL": "*", "STATUS_LINK": "*", "PRIMARY_ADDRESS": elsewhere}
		for k, v := range more {
			want[k] = v
		}
		return want
	}
	got = o.has(news, "personal_submit > ann@example.net", submitted(first, "ann@example.net", map[string]string{
		"RECIPIENT_NAME": "Alice Sender", "RECIPIENT_FIRST_NAME": "Alice", "RECIPIENT_LAST_NAME": "Sender",
		"SHARED_INBOX_NAME": "-", "subject": "personal_submit STATUS_URL STATUS_LINK Scans of May"}))
	if url := strings.ReplaceAll(got["status_url"], "&", "&amp;"); strings.Count(got["html"], `href="`+url+`"`) != 2 ||
		!strings.Contains(got["html"], url+"</a>, "+url+", <a ") || !strings.HasPrefix(url, o.scheme()+elsewhere+"/") {
		t.Errorf("HTML %s", got["html"])
	}
	o.has(news, "shared_inbox_submit > ian@example.net", submitted(second, "ian@example.net", map[string]string{
		"SHARED_INBOX_NAME": "Scans", "RECIPIENT_NAME": "-"}))
}

// faspex-Y15: the types beyond the guide's are there, read and written as the others.
func TestTypesOfTheAPI(t *testing.T) {
	p := &post{in: faspextest.Start(t, nil)}
	for _, of := range []string{"package_file_processing_failed_sender", "package_file_processing_failed_recipient",
		"relay_failed_admin", "relay_failed", "admin_sync_failed", "sync_failed", "account_exist", "mfa_code"} {
		path := "/email_notifications?type=" + of
		if status, body := p.call(t, p.in.Admin, "PUT", path, map[string]any{"subject": "About " + of}); status != http.StatusOK {
			t.Errorf("%s: %d %s", of, status, body)
		}
		if status, body := p.call(t, p.in.Admin, "GET", path, nil); status != http.StatusOK ||
			!strings.Contains(body, `"type":"`+of+`"`) || !strings.Contains(body, `"subject":"About `+of+`"`) {
			t.Errorf("%s: %d %s", of, status, body)
		}
	}
}
