package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/smtpd"
)

// post is a Faspex with a mail server.
type post struct {
	in    *faspextest.Instance
	smtp  *smtpd.Server
	clock *clock
}

func newPost(t *testing.T, o smtpd.Options) *post {
	t.Helper()
	p := &post{in: faspextest.Start(t, nil), smtp: smtpd.Start(t, o), clock: &clock{now: time.Now()}}
	p.in.MailRoots = p.smtp.Roots
	if status, body := p.call(t, p.in.Admin, "POST", "/configuration/smtp", p.server(o)); status != http.StatusCreated {
		t.Fatalf("set the mail server: %d %s", status, body)
	}
	p.welcome(t, false)
	return p
}

// welcome says whether new users get a mail.
func (p *post) welcome(t *testing.T, on bool) {
	t.Helper()
	if status, body := p.call(t, p.in.Admin, "PUT", "/configuration",
		map[string]any{"send_welcome_email_to_all_new_users": on}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
}

// server is the body that makes the test's mail server that of Faspex.
func (p *post) server(o smtpd.Options) map[string]any {
	s := map[string]any{"auth_type": "open", "server_address": p.smtp.Host, "server_port": p.smtp.Port,
		"domain": "example.com", "from_user": "Faspex", "from_email": "faspex@example.com", "tls_enabled": o.TLS,
		"packages_recipient_from": "faspex", "username": "", "default_time_zone_offset": "0"}
	if o.Login {
		s["auth_type"], s["username"], s["password"] = "login", smtpd.User, smtpd.Password
	}
	return s
}

func (p *post) call(t *testing.T, c *client.Client, method, path string, in any) (int, string) {
	t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, p.in.URL+"/aspera/faspex/api/v5"+path, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c != nil {
		token, err := c.Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(body)
}

// work runs what is due, twice, since what one job makes is another's work.
func (p *post) work(t *testing.T) {
	t.Helper()
	for range 2 {
		p.clock.advance(2 * time.Second)
		if err := p.in.Worker(t, "worker", p.clock.Now).RunOnce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

type jobAnswer struct {
	ID, Status string
	ErrorDesc  string `json:"error_desc"`
	RetryCount int    `json:"retry_count"`
	Data       struct {
		SMTPTrace []string `json:"smtp_trace"`
	}
}

// test has a test mail sent, and gives its job.
func (p *post) test(t *testing.T, query string) jobAnswer {
	t.Helper()
	status, body := p.call(t, p.in.Admin, "POST", "/configuration/smtp/test"+query,
		map[string]any{"test_email_recipient": "ada@example.com"})
	var answer struct {
		JobID string `json:"job_id"`
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || status != http.StatusOK {
		t.Fatalf("test: %d %s", status, body)
	}
	p.work(t)
	return p.job(t, answer.JobID)
}

func (p *post) job(t *testing.T, id string) jobAnswer {
	t.Helper()
	status, body := p.call(t, p.in.Admin, "GET", "/jobs/"+id, nil)
	var job jobAnswer
	if err := json.Unmarshal([]byte(body), &job); err != nil || status != http.StatusOK {
		t.Fatalf("job: %d %s", status, body)
	}
	return job
}

// faspex-X1, faspex-X4: with login the password goes over TLS; the test mail has its subject, and its job tells what the
// server said.
func TestMailServerIsTested(t *testing.T) {
	p := newPost(t, smtpd.Options{TLS: true, Login: true})
	job := p.test(t, "")
	mails := p.smtp.Mails()
	if job.Status != "completed" || len(mails) != 1 {
		t.Fatalf("job %+v, mails %+v", job, mails)
	}
	if m := mails[0]; m.Subject != "Email settings test" || m.To != "ada@example.com" || m.From != "faspex@example.com" || !m.TLS {
		t.Errorf("mail %+v", m)
	}
	if trace := strings.Join(job.Data.SMTPTrace, "\n"); !strings.Contains(trace, "STARTTLS") || !strings.Contains(trace, "250") {
		t.Errorf("the conversation is not told: %s", trace)
	}
	if job = p.test(t, "?template_type=welcome_email"); job.Status != "completed" ||
		!strings.Contains(p.smtp.Mails()[1].Text, "An account was made for you") {
		t.Errorf("with a template: %+v", job)
	}
	p.smtp.Refuse(550, "no such user here")
	if job = p.test(t, ""); job.Status != "failed" || !strings.Contains(job.ErrorDesc, "no such user here") {
		t.Errorf("a refusal: %+v", job)
	}
	p.smtp.Refuse(0, "")
	wrong := p.server(smtpd.Options{TLS: true, Login: true})
	wrong["password"] = "another"
	p.call(t, p.in.Admin, "PUT", "/configuration/smtp", wrong)
	if job = p.test(t, ""); job.Status != "failed" || !strings.Contains(job.ErrorDesc, "535") {
		t.Errorf("with a wrong password: %+v", job)
	}
	_, all := p.call(t, p.in.Admin, "GET", "/jobs?job_type=email", nil)
	_, server := p.call(t, p.in.Admin, "GET", "/configuration/smtp", nil)
	for name, text := range map[string]string{"the log": p.in.Log.String(), "the jobs": all, "the server's answer": server} {
		if strings.Contains(text, smtpd.Password) || strings.Contains(text, `"password"`) {
			t.Errorf("%s tells the password: %s", name, text)
		}
	}
}

// faspex-X2: TLS is used if the server offers it, and a certificate that nobody vouches for is an error.
func TestMailUsesTLS(t *testing.T) {
	p := newPost(t, smtpd.Options{TLS: true})
	p.in.MailRoots = nil // nobody vouches for the server
	if job := p.test(t, ""); job.Status != "failed" || !strings.Contains(job.ErrorDesc, "certificate") {
		t.Errorf("with a stranger's certificate: %+v", job)
	}
	p.in.MailRoots = p.smtp.Roots
	elsewhere := p.server(smtpd.Options{TLS: true})
	elsewhere["server_address"] = "127.0.0.1"
	p.call(t, p.in.Admin, "PUT", "/configuration/smtp", elsewhere)
	if job := p.test(t, ""); job.Status != "failed" || !strings.Contains(job.ErrorDesc, "certificate") {
		t.Errorf("by another name than the certificate's: %+v", job)
	}
	if n := len(p.smtp.Mails()); n != 0 {
		t.Errorf("%d mails", n)
	}
	plain := newPost(t, smtpd.Options{})
	set := plain.server(smtpd.Options{})
	set["tls_enabled"] = true
	plain.call(t, plain.in.Admin, "PUT", "/configuration/smtp", set)
	if job := plain.test(t, ""); job.Status != "completed" {
		t.Errorf("with a server that offers no TLS: %+v", job)
	}
}

// faspex-X5, faspex-X6: the password is written and never told, a second POST is 409, PUT changes the server; and a
// password that is known goes to no other server.
func TestMailPasswordStaysWithItsServer(t *testing.T) {
	o := smtpd.Options{TLS: true, Login: true}
	p := newPost(t, o)
	set := p.server(o)
	if status, body := p.call(t, p.in.Admin, "POST", "/configuration/smtp", set); status != http.StatusConflict {
		t.Errorf("a second POST: %d %s", status, body)
	}
	delete(set, "password")
	set["from_user"] = "Files"
	if status, body := p.call(t, p.in.Admin, "PUT", "/configuration/smtp", set); status != http.StatusOK ||
		!strings.Contains(body, `"from_user":"Files"`) || strings.Contains(body, smtpd.Password) {
		t.Errorf("without the password: %d %s", status, body)
	}
	if job := p.test(t, ""); job.Status != "completed" {
		t.Errorf("the password was lost: %+v", job)
	}
	for field, value := range map[string]any{"server_address": "mail.example.org", "server_port": 26, "username": "x",
		"tls_enabled": false} {
		before := set[field]
		set[field] = value
		if status, body := p.call(t, p.in.Admin, "PUT", "/configuration/smtp", set); status != http.StatusBadRequest ||
			!strings.Contains(body, "body.password") {
			t.Errorf("another %s: %d %s", field, status, body)
		}
		set[field] = before
	}
	for field, value := range map[string]any{"from_email": "nobody", "default_time_zone_offset": "900", "server_port": 0} {
		before := set[field]
		set[field] = value
		if status, body := p.call(t, p.in.Admin, "PUT", "/configuration/smtp", set); status != http.StatusBadRequest ||
			!strings.Contains(body, "body."+field) {
			t.Errorf("a wrong %s: %d %s", field, status, body)
		}
		set[field] = before
	}
	raw, _, err := p.in.Store.Settings(t.Context(), mail.NameServer)
	if err != nil || bytes.Contains(raw, []byte(smtpd.Password)) {
		t.Errorf("stored: %s, %v", raw, err)
	}
	if status, _ := p.call(t, p.in.Admin, "DELETE", "/configuration/smtp", nil); status != http.StatusNoContent {
		t.Errorf("delete: %d", status)
	}
	if status, _ := p.call(t, p.in.Admin, "GET", "/configuration/smtp", nil); status != http.StatusNotFound {
		t.Errorf("after delete: %d", status)
	}
}

var codeOf = regexp.MustCompile(`/auth/password\?code=([A-Z0-9]+)`)

// order has a mail to Bob put into the outbox.
func (p *post) order(t *testing.T) {
	t.Helper()
	bob, err := p.in.Store.AccountByLogin(t.Context(), "bob@example.com")
	if err == nil {
		err = p.in.Store.PutOrder(t.Context(), store.Order{Kind: mail.Kind,
			Payload: mail.Order{Type: mail.ForgotPassword, Account: bob.ID, Base: "https://faspex.example.com"}})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Nothing of a mail is lost, and nobody finds it twice, wherever the worker stops: before the order becomes a job, after
// that, before the mail leaves, and between the mail server's yes and the end of the job.
func TestMailSurvivesEveryStop(t *testing.T) {
	for name, stop := range map[string]func(*testing.T, *post){
		"before the dispatch": func(*testing.T, *post) {},
		"after the dispatch": func(t *testing.T, p *post) {
			jobs := func(row store.OutboxRow) []store.Job {
				return []store.Job{{Method: store.MethodSendMail, Name: "Send mail", Type: "email", Args: string(row.Payload), MaxAttempts: 3}}
			}
			if n, err := p.in.Store.Dispatch(t.Context(), p.clock.Now(), 10, jobs); n != 1 || err != nil {
				t.Fatalf("%d rows, %v", n, err)
			}
			if n, err := p.in.Store.Dispatch(t.Context(), p.clock.Now(), 10, jobs); n != 0 || err != nil {
				t.Fatalf("again: %d rows, %v", n, err)
			}
		},
		"in the middle of the dispatch": func(t *testing.T, p *post) {
			ctx, cancel := context.WithCancel(t.Context())
			_, err := p.in.Store.Dispatch(ctx, p.clock.Now(), 10, func(store.OutboxRow) []store.Job {
				cancel()
				return []store.Job{{Method: store.MethodSendMail, Name: "lost", Type: "email"}}
			})
			if err == nil {
				t.Fatal("the dispatch was not stopped")
			}
		},
		"after the claim": func(t *testing.T, p *post) {
			p.killed(t, func(ctx context.Context, cancel func()) { cancel() })
		},
		"after the mail left": func(t *testing.T, p *post) {
			p.killed(t, func(_ context.Context, cancel func()) { p.smtp.After(cancel) })
			p.smtp.After(nil)
			if p.smtp.Taken() == 0 {
				t.Fatal("the mail did not leave before the stop")
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPost(t, smtpd.Options{})
			p.in.User(t, "Bob", "Recipient", "")
			p.order(t)
			stop(t, p)
			for range 4 { // past the lease of whoever stopped, and past the pause after a failure
				p.clock.advance(time.Minute)
				p.work(t)
			}
			if mails := p.smtp.Mails(); len(mails) != 1 || mails[0].To != "bob@example.com" {
				t.Errorf("mails: %+v", mails)
			}
			if jobs, n, err := p.in.Store.ListJobs(t.Context(), store.JobFilter{Type: "email"}, store.Page{Limit: 9}); n != 1 ||
				err != nil || jobs[0].Status != store.JobCompleted {
				t.Errorf("jobs: %+v, %v", jobs, err)
			}
		})
	}
}

// killed runs a worker that ends when end says so, in the middle of its work, and gives nothing back.
func (p *post) killed(t *testing.T, end func(ctx context.Context, cancel func())) {
	t.Helper()
	p.clock.advance(2 * time.Second)
	if err := p.in.Worker(t, "dispatcher", p.clock.Now).RunDispatch(t.Context()); err != nil {
		t.Fatal(err)
	}
	job, err := p.in.Store.ClaimJob(t.Context(), "killed", p.clock.Now(), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	end(ctx, cancel)
	_ = p.in.Worker(t, "killed", p.clock.Now).RunMail(ctx, job) // it ends without finishing its job
}

// faspex-X8, faspex-AD2, faspex-AD4: jobs that wait are deleted, failed ones tried again. Mails survive a mail server that is away; one that is refused for good, or tried often enough,
// fails where people see it and can try it again.
func TestMailServerThatIsAway(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	p.in.User(t, "Bob", "Recipient", "")
	p.smtp.Refuse(451, "come back later")
	p.order(t)
	p.work(t)
	only := func() jobAnswer {
		t.Helper()
		_, body := p.call(t, p.in.Admin, "GET", "/jobs?job_type=email&occurrence=one_time", nil)
		var list struct{ Jobs []jobAnswer }
		if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Jobs) != 1 {
			t.Fatalf("jobs: %s, %v", body, err)
		}
		return list.Jobs[0]
	}
	if job := only(); job.Status != "queued" || job.RetryCount != 1 || !strings.Contains(job.ErrorDesc, "come back later") {
		t.Errorf("after a failure: %+v", job)
	}
	for range 20 {
		p.clock.advance(time.Hour)
		p.work(t)
	}
	job := only()
	if job.Status != "failed" {
		t.Errorf("after a day: %+v", job)
	}
	p.smtp.Refuse(0, "")
	if status, body := p.call(t, p.in.Admin, "POST", "/jobs/retry?ids="+job.ID, nil); status != http.StatusMultiStatus ||
		!strings.Contains(body, fmt.Sprintf(`"succeeded":[%q]`, job.ID)) {
		t.Errorf("retry: %d %s", status, body)
	}
	p.work(t)
	if job = only(); job.Status != "completed" || len(p.smtp.Mails()) != 1 {
		t.Errorf("after the retry: %+v, %d mails", job, len(p.smtp.Mails()))
	}
	p.smtp.Refuse(451, "come back later")
	p.order(t)
	p.work(t)
	_, body := p.call(t, p.in.Admin, "GET", "/jobs?job_type=email&status=queued", nil)
	var waiting struct{ Jobs []jobAnswer }
	if err := json.Unmarshal([]byte(body), &waiting); err != nil || len(waiting.Jobs) != 1 {
		t.Fatalf("queued: %s", body)
	}
	if status, body := p.call(t, p.in.Admin, "DELETE", "/jobs/"+waiting.Jobs[0].ID, nil); status != http.StatusNoContent {
		t.Errorf("delete a queued job: %d %s", status, body)
	}
	p.smtp.Refuse(550, "never")
	p.order(t)
	p.work(t)
	_, body = p.call(t, p.in.Admin, "GET", "/jobs?job_type=email&status=failed", nil)
	var list struct{ Jobs []jobAnswer }
	if err := json.Unmarshal([]byte(body), &list); err != nil || len(list.Jobs) != 1 {
		t.Fatalf("a refusal for good: %s", body)
	}
	if status, _ := p.call(t, p.in.Admin, "DELETE", "/jobs/"+list.Jobs[0].ID, nil); status != http.StatusNoContent {
		t.Errorf("delete: %d", status)
	}
	if status, _ := p.call(t, p.in.Admin, "GET", "/jobs/"+list.Jobs[0].ID, nil); status != http.StatusNotFound {
		t.Errorf("after delete: %d", status)
	}
}

// faspex-C11: a forgotten password is answered alike for known and unknown addresses, and one mail has a link that works
// once and for an hour.
func TestForgottenPasswordTellsNothing(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	p.in.User(t, "Bob", "Recipient", "Old-Pass-1")
	ask := func(email string) (int, string) {
		return p.call(t, nil, "POST", "/account/oob_code",
			map[string]any{"client_id": "ui-client", "request_type": "forgot_password", "email": email})
	}
	known, knownBody := ask("bob@example.com")
	unknown, unknownBody := ask("eve@example.com")
	if known != http.StatusOK || unknown != known ||
		strings.ReplaceAll(unknownBody, "eve@", "bob@") != knownBody {
		t.Errorf("known: %d %s, unknown: %d %s", known, knownBody, unknown, unknownBody)
	}
	p.work(t)
	mails := p.smtp.Mails()
	if len(mails) != 1 || mails[0].To != "bob@example.com" {
		t.Fatalf("mails: %+v", mails)
	}
	code := codeOf.FindStringSubmatch(mails[0].Text)
	if code == nil || !strings.Contains(mails[0].HTML, code[0]) {
		t.Fatalf("no link: %+v", mails[0])
	}
	set := func(code, email, password string) int {
		status, _ := p.call(t, nil, "PUT", "/account/password", map[string]any{"client_id": "ui-client", "oob_code": code,
			"user": map[string]any{"email": email, "password": password, "confirm_password": password}})
		return status
	}
	for want, got := range map[string]int{
		"a weak password 400":    set(code[1], "bob@example.com", "weak"),
		"another's address 404":  set(code[1], faspextest.AdminName, "New-Pass-1"),
		"another code 404":       set("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "bob@example.com", "New-Pass-1"),
		"the code 200":           set(code[1], "bob@example.com", "New-Pass-1"),
		"the code once more 404": set(code[1], "bob@example.com", "New-Pass-2"),
	} {
		if !strings.HasSuffix(want, fmt.Sprint(got)) {
			t.Errorf("%s: %d", want, got)
		}
	}
	if _, body := p.call(t, p.in.Admin, "GET", "/jobs", nil); strings.Contains(body, code[1]) {
		t.Error("the jobs tell the code")
	}
	if strings.Contains(p.in.Log.String(), code[1]) {
		t.Error("the log tells the code")
	}
}

// faspex-X7: without a mail server, what needs a mail says so.
func TestMailIsNeeded(t *testing.T) {
	in := faspextest.Start(t, nil)
	p := &post{in: in}
	in.User(t, "Bob", "Recipient", "Old-Pass-1")
	bob, err := in.Store.AccountByLogin(t.Context(), "bob@example.com")
	if err != nil {
		t.Fatal(err)
	}
	for name, answer := range map[string]func() (int, string){
		"forgotten": func() (int, string) {
			return p.call(t, nil, "POST", "/account/oob_code",
				map[string]any{"client_id": "ui-client", "request_type": "forgot_password", "email": "bob@example.com"})
		},
		"reset": func() (int, string) {
			return p.call(t, in.Admin, "POST", fmt.Sprintf("/accounts/%d/reset_password", bob.ID), nil)
		},
	} {
		if status, body := answer(); status != http.StatusConflict || !strings.Contains(body, "No mail server is configured") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

// faspex-Y18: a template can be put back to its default; until then what was saved last is used.
func TestTemplateIsRestored(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	const path = "/email_notifications?type=welcome_email"
	_, before := p.call(t, p.in.Admin, "GET", path, nil)
	set := func(change map[string]any) {
		t.Helper()
		if status, body := p.call(t, p.in.Admin, "PUT", path, change); status != http.StatusOK {
			t.Fatalf("%d %s", status, body)
		}
	}
	set(map[string]any{"introduction": "A form for USER_FIRST_NAME"})
	set(map[string]any{"html": "<b>An editor</b>"})
	p.test(t, "?template_type=welcome_email")
	set(map[string]any{"subject": "x"})
	p.test(t, "?template_type=welcome_email")
	mails := p.smtp.Mails()
	if !strings.Contains(mails[0].HTML, "<b>An editor</b>") || !strings.Contains(mails[1].HTML, "A form for") {
		t.Errorf("what was saved last is not used: %+v", mails)
	}
	if status, body := p.call(t, p.in.Admin, "PUT", "/email_notifications/restore_default?type=welcome_email", nil); status != 200 || body != before {
		t.Errorf("restored: %d %s, want %s", status, body, before)
	}
	if _, after := p.call(t, p.in.Admin, "GET", path, nil); after != before {
		t.Errorf("after: %s", after)
	}
	if status, _ := p.call(t, p.in.Admin, "GET", "/email_notifications?type=nothing", nil); status != http.StatusBadRequest {
		t.Errorf("an unknown type: %d", status)
	}
}

// faspex-Z13: the words ALTERNATE_ADDRESS_n stand for the addresses that are marked "show in emails", and for no others.
func TestOnlyShownAddressesAreWords(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	for _, address := range []map[string]any{{"address_name": "hidden.example.com"},
		{"address_name": "files.example.org", "include_in_emails": true},
		{"address_name": "10.0.0.*", "include_in_emails": true}} {
		if status, body := p.call(t, p.in.Admin, "POST", "/configuration/alternate_addresses", address); status != http.StatusCreated {
			t.Fatalf("%d %s", status, body)
		}
	}
	if status, body := p.call(t, p.in.Admin, "PUT", "/email_notifications?type=welcome_email", map[string]any{
		"introduction": "1: ALTERNATE_ADDRESS_1, 2: ALTERNATE_ADDRESS_2, 3: ALTERNATE_ADDRESS_3."}); status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	if status, body := p.call(t, p.in.Admin, "POST", "/accounts", map[string]any{"name": "ada", "first_name": "Ada",
		"last_name": "L", "email": "ada@example.com", "welcome_email": true}); status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	p.work(t)
	if mails := p.smtp.Mails(); len(mails) != 1 ||
		!strings.Contains(mails[0].Text, "1: files.example.org, 2: 10.0.0.*, 3: ALTERNATE_ADDRESS_3.") {
		t.Errorf("%+v", mails)
	}
}

// faspex-A14, faspex-A15: creating a user sends the welcome mail unless that is switched off. Its link sets the first
// password once; before that the account has none.
func TestWelcomeMail(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	create := func(name string, more map[string]any) string {
		t.Helper()
		in := map[string]any{"name": name, "first_name": "Test", "last_name": name, "email": name + "@example.com"}
		for k, v := range more {
			in[k] = v
		}
		status, body := p.call(t, p.in.Admin, "POST", "/accounts", in)
		if status != http.StatusCreated {
			t.Fatalf("%s: %d %s", name, status, body)
		}
		return body
	}
	p.call(t, p.in.Admin, "PUT", "/configuration", map[string]any{"send_welcome_email_to_all_new_users": nil}) // the default
	create("ulf", nil)
	create("eva", map[string]any{"welcome_email": false})
	p.welcome(t, false)
	create("ina", nil)
	create("udo", map[string]any{"welcome_email": true})
	p.work(t)
	var to []string
	for _, m := range p.smtp.Mails() {
		to = append(to, m.To)
	}
	if strings.Join(to, " ") != "ulf@example.com udo@example.com" {
		t.Fatalf("mails to %v", to)
	}
	a, err := p.in.Store.AccountByLogin(t.Context(), "ulf")
	if err != nil || a.PasswordHash != "" {
		t.Errorf("before the link: %v, %v", a.PasswordHash != "", err)
	}
	link := regexp.MustCompile(`https?://[^\s]+/auth/password\?code=[A-Z0-9]+`).FindString(p.smtp.Mails()[0].Text)
	if !strings.HasPrefix(link, p.in.URL) {
		t.Fatalf("link %q", link)
	}
	if a, err := p.in.Admin.Account(t.Context()); err != nil || a.GatewayURL == nil ||
		!strings.HasPrefix(*a.GatewayURL, p.in.URL+"/") {
		t.Errorf("the gateway's address %v does not begin like the link %s, %v", a.GatewayURL, link, err)
	}
	page := faspextest.OpenPage(t, link)
	if page.Status != http.StatusOK || !strings.Contains(page.Body, "Choose a password") {
		t.Fatalf("the link: %d %s", page.Status, page.Body)
	}
	if weak := page.Submit(t, map[string]string{"new_password": "weak", "confirm_password": "weak"}); weak.Status != http.StatusBadRequest ||
		!strings.Contains(weak.Body, "at least 6 characters") {
		t.Errorf("a weak password: %d %s", weak.Status, weak.Body)
	}
	if set := page.Submit(t, map[string]string{"new_password": "First-Pass-1", "confirm_password": "First-Pass-1"}); set.Status != http.StatusOK ||
		!strings.Contains(set.Body, "The password is set") {
		t.Errorf("%d %s", set.Status, set.Body)
	}
	if again := faspextest.OpenPage(t, link); again.Status != http.StatusNotFound {
		t.Errorf("the link once more: %d", again.Status)
	}
	if a, err = p.in.Store.AccountByLogin(t.Context(), "ulf"); err != nil || a.PasswordHash == "" {
		t.Errorf("after the link there is no password, %v", err)
	}
}

// The form at the login page orders the same mail, and no more of them than logins may be tried.
func TestForgottenPasswordPage(t *testing.T) {
	p := newPost(t, smtpd.Options{})
	p.in.User(t, "Bob", "Recipient", "Old-Pass-1")
	address := p.in.URL + "/aspera/faspex/auth/password"
	for range 12 {
		page := faspextest.OpenPage(t, address).Submit(t, map[string]string{"username": "bob@example.com"})
		if page.Status != http.StatusOK || !strings.Contains(page.Body, "Look into your mail") {
			t.Fatalf("%d %s", page.Status, page.Body)
		}
	}
	p.work(t)
	if n := len(p.smtp.Mails()); n == 0 || n > 6 {
		t.Errorf("%d mails", n)
	}
	if stranger := faspextest.OpenPage(t, address).SubmitForm(t, map[string]string{"username": "bob@example.com", "csrf": "x"}); stranger.Status != http.StatusForbidden {
		t.Errorf("without the form's own value: %d", stranger.Status)
	}
}
