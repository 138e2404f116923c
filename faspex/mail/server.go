// Package mail makes and sends the mails of Faspex: templates as data, whose words are replaced by values, and one way to
// a mail server. Who gets a mail, and when, is decided elsewhere.
package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/log"

	"faspex.io/operator/faspex/api"
)

// Ways to prove to the mail server who sends.
const (
	AuthLogin = "login"
	AuthOpen  = "open"
)

// Server is how mails leave. The password is kept apart, sealed.
type Server api.MailServer

const (
	portImplicitTLS = 465
	sendTimeout     = 30 * time.Second
)

// Message is a mail that is ready.
type Message struct {
	// ID is the same for each attempt to send one mail, so that a mail server that got it knows it again.
	ID string
	// From is who the mail says that it is from; without an address the server's own.
	From    Author
	To      string
	Subject string
	Text    string
	HTML    string
}

// Author is who a mail says that it is from.
type Author struct{ Name, Email string }

// Whom mails about packages are from, as packages_recipient_from says.
const (
	fromSender     = "sender"
	fromVia        = "sender_via_faspex"
	fromSenderMail = "sender_email"
)

// Author is who mails about a package of a sender are from. An address that is empty is the server's own.
func (s Server) Author(sender Author) Author {
	switch s.PackagesRecipientFrom {
	case fromSender:
		return Author{Name: sender.Name}
	case fromVia:
		return Author{Name: sender.Name + " via Faspex"}
	case fromSenderMail:
		return sender
	}
	return Author{}
}

// Zone is the zone of times in mails.
func (s Server) Zone() *time.Location {
	minutes, err := strconv.Atoi(s.DefaultTimeZoneOffset)
	if err != nil || minutes == 0 {
		return time.UTC
	}
	sign, size := "+", minutes
	if minutes < 0 {
		sign, size = "-", -minutes
	}
	return time.FixedZone(fmt.Sprintf("UTC%s%02d:%02d", sign, size/60, size%60), minutes*60)
}

// ErrRefused means that the mail server will not take the mail, however often it is asked.
var ErrRefused = errors.New("mail server refuses the mail")

// Send hands one mail to the server. trace, if not nil, gets the lines of the conversation, without passwords. roots are
// who vouches for the server; nil for the system's.
func Send(ctx context.Context, s Server, password string, m Message, roots *x509.CertPool, trace *Trace) error {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	if err := errors.Join(s.sign(msg, m.From), msg.To(m.To)); err != nil {
		return fmt.Errorf("%w: address is none", ErrRefused)
	}
	msg.SetMessageIDWithValue(m.ID)
	msg.SetDate()
	msg.Subject(oneLine(m.Subject))
	msg.SetBodyString(gomail.TypeTextPlain, m.Text)
	if m.HTML != "" {
		msg.AddAlternativeString(gomail.TypeTextHTML, m.HTML)
	}
	client, err := gomail.NewClient(s.ServerAddress, s.options(password, roots, trace)...)
	if err != nil {
		return fmt.Errorf("configure mail client: %w", err)
	}
	if err := client.DialAndSendWithContext(ctx, msg); err != nil {
		return fmt.Errorf("send mail: %w", refusal(err))
	}
	return nil
}

// sign says who a mail is from. Whoever that is, the server's own address is where it was sent from, and where it comes
// back to when it cannot be delivered.
func (s Server) sign(msg *gomail.Msg, from Author) error {
	if from.Name == "" {
		from.Name = s.FromUser
	}
	if from.Email == "" || from.Email == s.FromEmail {
		return msg.FromFormat(from.Name, s.FromEmail)
	}
	msg.SetGenHeader("Sender", "<"+s.FromEmail+">")
	return errors.Join(msg.FromFormat(from.Name, from.Email), msg.EnvelopeFrom(s.FromEmail))
}

// options: TLS is used if the server offers it, and demanded where a password would be seen otherwise; a name that is
// not the certificate's is an error.
func (s Server) options(password string, roots *x509.CertPool, trace *Trace) []gomail.Option {
	o := []gomail.Option{gomail.WithPort(s.ServerPort), gomail.WithTimeout(sendTimeout)}
	if s.Domain != "" {
		o = append(o, gomail.WithHELO(s.Domain))
	}
	switch {
	case !s.TLSEnabled:
		o = append(o, gomail.WithTLSPolicy(gomail.NoTLS))
	case s.ServerPort == portImplicitTLS:
		o = append(o, gomail.WithSSL())
	case s.AuthType == AuthLogin:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSMandatory))
	default:
		o = append(o, gomail.WithTLSPolicy(gomail.TLSOpportunistic))
	}
	o = append(o, gomail.WithTLSConfig(&tls.Config{ServerName: s.ServerAddress, RootCAs: roots,
		MinVersion: tls.VersionTLS12}))
	if s.AuthType == AuthLogin {
		how := gomail.SMTPAuthAutoDiscover
		if !s.TLSEnabled {
			how = gomail.SMTPAuthLoginNoEnc // the administrator switched TLS off
		}
		o = append(o, gomail.WithSMTPAuth(how), gomail.WithUsername(s.Username), gomail.WithPassword(password))
	}
	if trace != nil {
		o = append(o, gomail.WithDebugLog(), gomail.WithLogger(trace))
	}
	return o
}

// refusal marks what trying again does not help.
func refusal(err error) error {
	var send *gomail.SendError
	if errors.As(err, &send) && send.ErrorCode() >= 500 {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// traceLines bounds what is kept of a conversation.
const traceLines = 200

// Trace keeps the lines of a conversation with a mail server. The library leaves passwords out.
type Trace struct {
	mu    sync.Mutex
	lines []string
}

// Lines are what was said, in order.
func (t *Trace) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string{}, t.lines...)
}

// Debugf keeps a line.
func (t *Trace) Debugf(l log.Log) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.lines) >= traceLines {
		return
	}
	side := "S: "
	if l.Direction == log.DirClientToServer {
		side = "C: "
	}
	t.lines = append(t.lines, side+strings.TrimSpace(fmt.Sprintf(l.Format, l.Messages...)))
}

// Infof keeps a line.
func (t *Trace) Infof(l log.Log) { t.Debugf(l) }

// Warnf keeps a line.
func (t *Trace) Warnf(l log.Log) { t.Debugf(l) }

// Errorf keeps a line.
func (t *Trace) Errorf(l log.Log) { t.Debugf(l) }
