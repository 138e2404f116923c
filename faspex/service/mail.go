package service

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"time"

	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

const (
	// mailAttempts is how often a mail is tried: for six hours or so.
	mailAttempts   = 14
	dispatchAtOnce = 100
	// How long codes of mails are good.
	forgottenLife = time.Hour
	welcomeLife   = 72 * time.Hour
	// How long jobs that ran once are kept to be looked at.
	keepCompleted = 24 * time.Hour
	keepFailed    = 30 * 24 * time.Hour
	keepCalls     = 90 * 24 * time.Hour
)

// dispatch turns what changes of state ordered into jobs.
func (w *Worker) dispatch(ctx context.Context, _ store.Job) error {
	for {
		n, err := w.store.Dispatch(ctx, w.now(), dispatchAtOnce, jobsOf)
		if err != nil || n < dispatchAtOnce {
			return err
		}
	}
}

// jobsOf are the jobs of an order. One of a kind that this version does not know becomes a job as well, which fails
// where people see it.
func jobsOf(row store.OutboxRow) []store.Job {
	if row.Kind == store.PackageWebhooks {
		return []store.Job{{Method: orderCalls, Name: "Find the webhooks of a package", Type: "event", Args: string(row.Payload),
			MaxAttempts: mailAttempts}}
	}
	return []store.Job{{Method: "send_" + row.Kind, Name: "Send " + row.Kind, Type: "email", Args: string(row.Payload),
		MaxAttempts: mailAttempts}}
}

// purgeJobs forgets jobs and codes that nobody needs any more.
func (w *Worker) purgeJobs(ctx context.Context, _ store.Job) error {
	return errors.Join(w.store.PurgeJobs(ctx, w.now().Add(-keepCompleted), w.now().Add(-keepFailed)),
		w.store.PurgeCodes(ctx, w.now()), w.store.PurgePendingLogins(ctx, w.now()),
		w.store.PurgeLinkCodes(ctx, w.now()), w.store.PurgeWebhookEvents(ctx, w.now().Add(-keepCalls)))
}

// sendMail sends one mail. A mail to somebody who does not exist, or may not log in, is done without being sent. It may
// be sent again when the worker ends between the server's yes and the end of the job; it has the same Message-ID then,
// by which mail servers know it again (TestMailSurvivesEveryStop).
func (w *Worker) sendMail(ctx context.Context, job store.Job) error {
	var order mail.Order
	if err := json.Unmarshal([]byte(job.Args), &order); err != nil {
		return fmt.Errorf("%w: job has no order", mail.ErrRefused)
	}
	to, err := w.addressee(ctx, order)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if to.Email == "" || to.Status != store.AccountActive || to.Type == store.TypeSAML && order.Package == 0 {
		return nil
	}
	server, password, err := w.mailServer(ctx)
	if err != nil {
		return err
	}
	values, from, err := w.values(ctx, order, to, server.Server)
	if errors.Is(err, store.ErrNotFound) { // the package was purged
		return nil
	}
	if err != nil {
		return err
	}
	m, err := w.letter(ctx, order.Type, values, job.ID)
	if err != nil {
		return err
	}
	m.To, m.From = to.Email, from
	return mail.Send(ctx, server.Server, password, m, w.mailRoots, nil)
}

func (w *Worker) addressee(ctx context.Context, order mail.Order) (store.Account, error) {
	if to := order.To; to != nil {
		return store.Account{Name: to.Email, Email: to.Email, FirstName: to.FirstName, LastName: to.LastName,
			Status: store.AccountActive}, nil
	}
	if order.Invitation != 0 {
		i, err := w.store.Invitation(ctx, order.Invitation)
		return store.Account{Name: i.Email, Email: i.Email, Status: store.AccountActive}, err
	}
	if order.Account != 0 {
		return w.store.Account(ctx, order.Account)
	}
	return w.store.AccountByLogin(ctx, order.Login)
}

func (w *Worker) mailServer(ctx context.Context) (mail.Stored, string, error) {
	server, _, err := mail.ReadServer(ctx, w.store)
	if err != nil {
		return server, "", err
	}
	password, _, err := server.Password(w.ring)
	return server, password, err
}

// letter makes a mail of a type.
func (w *Worker) letter(ctx context.Context, of string, values map[string]string, job int64) (mail.Message, error) {
	template, _, _, err := settings.Read(ctx, w.store, mail.NameTemplate(of), mail.Default(of))
	if err != nil {
		return mail.Message{}, err
	}
	id, err := w.messageID(ctx, job)
	m := mail.Message{ID: id}
	m.Subject, m.Text, m.HTML = template.Render(of, values)
	return m, err
}

// messageID is the same for every attempt of a job.
func (w *Worker) messageID(ctx context.Context, job int64) (string, error) {
	installation, err := w.store.Installation(ctx)
	return fmt.Sprintf("job-%d@%s.faspex", job, installation), err
}

// values are what the words of a template stand for, and who the mail is from. A link to set a password has a code that is
// made here, so that it is nowhere but in the mail, and so has the code of a link.
func (w *Worker) values(ctx context.Context, order mail.Order, a store.Account, server mail.Server) (map[string]string,
	mail.Author, error) {
	values := serverValues(order.Base)
	alternates, err := mail.Alternates(ctx, w.store)
	if err != nil {
		return nil, mail.Author{}, err
	}
	maps.Copy(values, alternates)
	values["USER_NAME"], values["USER_FIRST_NAME"], values["USER_LAST_NAME"] = fullName(a), a.FirstName, a.LastName
	values["LOGIN"] = a.Name
	if about := order.About; about != nil {
		values["REQUESTER_NAME"], values["REQUESTER_EMAIL"] = about.FirstName+" "+about.LastName, about.Email
	}
	words := wording{worker: w, order: order, to: a, zone: server.Zone(), words: values}
	switch {
	case order.Link != "":
		err = words.ofCode(ctx)
	case order.Invitation != 0:
		err = words.ofInvitation(ctx)
	case order.Package != 0:
		var sender store.Account
		sender, err = words.ofPackage(ctx)
		return values, server.Author(mail.Author{Name: fullName(sender), Email: sender.Email}), err
	default:
		err = words.ofAccount(ctx)
	}
	return values, mail.Author{}, err
}

// wording fills in what the words of one mail stand for.
type wording struct {
	worker *Worker
	order  mail.Order
	to     store.Account
	zone   *time.Location
	words  map[string]string
}

// time is a time for people.
func (w wording) time(t time.Time) string { return t.In(w.zone).Format("2006-01-02 15:04 MST") }

// ofAccount adds the link by which a password is set, for the types that have one.
func (w wording) ofAccount(ctx context.Context) error {
	life := map[string]time.Duration{mail.ForgotPassword: forgottenLife, mail.WelcomeEmail: welcomeLife,
		mail.AccountApproved: welcomeLife}[w.order.Type]
	if life == 0 || w.to.ID == 0 {
		return nil
	}
	code := rand.Text()
	w.words["LOGIN_LINK"] = w.order.Base + "/aspera/faspex/auth/password?code=" + code
	return w.worker.store.PutCode(ctx, sha256.Sum256([]byte(code)), w.to.ID, w.worker.now().Add(life))
}

func (w wording) ofCode(ctx context.Context) error {
	nonce, life, err := w.worker.store.LinkNonce(ctx, w.order.Link)
	w.words["MFA_CODE"] = link.Code(w.worker.ring, w.order.Link, nonce)
	w.words["MFA_CODE_VALIDITY"] = text(int64(life.Minutes()))
	return err
}

// serverValues are the words of every mail.
func serverValues(base string) map[string]string {
	host := base
	if u, err := url.Parse(base); err == nil && u.Host != "" {
		host = u.Host
	}
	return map[string]string{"SERVER_ADDRESS": host, "PRIMARY_ADDRESS": host, "LOGIN_LINK": base + "/aspera/faspex/"}
}

// mailTest is what a test of the mail server tells.
type mailTest struct {
	SMTPTrace  []string    `json:"smtp_trace"`
	SMTPConfig mail.Server `json:"smtp_config"`
}

// testMail sends a mail that shows whether the server takes mails, and keeps the conversation.
func (w *Worker) testMail(ctx context.Context, job store.Job) error {
	var test mail.Test
	if err := json.Unmarshal([]byte(job.Args), &test); err != nil {
		return fmt.Errorf("%w: job has no order", mail.ErrRefused)
	}
	server, password, err := w.mailServer(ctx)
	if err != nil {
		return err
	}
	id, err := w.messageID(ctx, job.ID)
	if err != nil {
		return err
	}
	m := mail.Message{Text: "The mail server takes mails of this Faspex.\n"}
	if test.Type != "" {
		if m, err = w.letter(ctx, test.Type, serverValues(test.Base), job.ID); err != nil {
			return err
		}
	}
	m.ID, m.To, m.Subject = id, test.To, "Email settings test"
	trace := &mail.Trace{}
	err = mail.Send(ctx, server.Server, password, m, w.mailRoots, trace)
	return errors.Join(err, w.store.TellOfJob(ctx, job.ID, mailTest{trace.Lines(), server.Server}))
}

// mailBackoff is the pause after a number of failures of a mail: half a minute, doubled up to an hour.
func mailBackoff(failures int) time.Duration {
	return min(30*time.Second<<min(failures, 7), time.Hour)
}
