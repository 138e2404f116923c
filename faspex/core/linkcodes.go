package core

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/mail"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
	"faspex.io/operator/faspex/store"
)

// provenFor is how long a link is open after its code was typed.
const provenFor = time.Hour

// codeRules are what the server demands beside a link.
type codeRules struct {
	demanded bool
	life     time.Duration
	attempts int
}

// codeRule reads what is demanded of a kind of link: links to packages and links to send have settings of their own. The
// others show nothing that a mail would have to protect.
func codeRule(c settings.Configuration, k link.Kind) codeRules {
	switch k {
	case link.Download:
		return codeRules{c.MFARequired, time.Duration(c.MFACodeValidity) * time.Minute, c.MFAMaxAttempts}
	case link.Invitation:
		return codeRules{c.MFARequiredUpload, time.Duration(c.MFACodeValidityUpload) * time.Minute, c.MFAMaxAttemptsUpload}
	}
	return codeRules{}
}

// passcode is the passcode that the guest came with.
func (g *guest) passcode(ring *keyring.Ring) string {
	if g.link.Until.IsZero() {
		return g.link.Passcode(ring)
	}
	return g.link.Proven(ring, g.link.Until)
}

// registerLinkCodes adds the calls that prove that the mails to a link's address are read.
func (s *Server) registerLinkCodes() {
	const what = "link"
	guests := []policy.Purpose{policy.SendByLink, policy.ReadByLink}
	register(s, operation{method: http.MethodPost, path: v5 + "/mfa/send_code", id: "send-mfa-code", what: what,
		access: linksOnly, guests: guests, unproven: true, summary: "Mail a code to the address of a link"},
		func(ctx context.Context, in *struct{ Body api.CodeOrder }) (*body[api.CodeSent], error) {
			if err := s.sendCode(ctx, guestOf(ctx)); err != nil {
				return nil, err
			}
			return answerWith(api.CodeSent{Status: "sent"}), nil
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/mfa/verify_code", id: "verify-mfa-code", what: what,
		access: linksOnly, guests: guests, unproven: true,
		summary: "Take a code that was mailed, and give the address by which the link is open for an hour"},
		func(ctx context.Context, in *struct{ Body api.CodeTyped }) (*body[api.CodeTaken], error) {
			url, err := s.takeCode(ctx, guestOf(ctx), in.Body.Code)
			return answerWith(api.CodeTaken{URL: url}), err
		})
}

// sendCode has a code mailed, unless one was a moment ago.
func (s *Server) sendCode(ctx context.Context, g *guest) error {
	if !g.code.demanded {
		return conflict("No code is needed to open this link.")
	}
	if err := s.sendsMail(ctx); err != nil {
		return err
	}
	subject := g.link.Subject()
	return s.store.NewLinkCode(ctx, subject, rand.Text(), s.now(), s.now().Add(g.code.life), store.Order{Kind: mail.Kind,
		Payload: mail.Order{Type: mail.Code, To: &mail.Person{Email: g.account.Email}, Link: subject, Base: s.linkBase(ctx)}})
}

// takeCode gives the address by which a link is open, for the code that was mailed last.
func (s *Server) takeCode(ctx context.Context, g *guest, typed string) (string, error) {
	typed = strings.TrimSpace(typed)
	subject := g.link.Subject()
	good, err := s.store.TryLinkCode(ctx, subject, s.now(), g.code.attempts, func(nonce string) bool {
		return link.IsCode(s.ring, subject, nonce, typed)
	})
	if err != nil {
		return "", err
	}
	if !good {
		p := newProblem(http.StatusForbidden,
			"This is not the code that was mailed last, or it is too old. Have another one mailed.")
		p.Code = "mfa_wrong_code"
		return "", p
	}
	g.link.Until = s.now().Add(provenFor)
	if g.link.Kind == link.Invitation {
		return g.invitation.ProvenURL(s.linkBase(ctx), s.ring, g.link.Until)
	}
	return g.link.URL(s.linkBase(ctx), s.ring, link.Context{Resource: link.ToPackage, PackageID: text(g.pkg.ID)})
}

// showCodeForm asks a browser for the code that the link needs.
func (s *Server) showCodeForm(w http.ResponseWriter, r *http.Request, g *guest, text string, v publicView) {
	v.Page, v.Action, v.Context = "code", PublicPath+"code", text
	v.Title = "Show that this mail is yours"
	if v.Text == "" {
		v.Text = "To open this link, have a code mailed to " + masked(g.account.Email) + "."
	}
	s.renderPublic(w, r, http.StatusOK, v)
}

// provePublic has a code mailed, or takes one and leads on.
func (s *Server) provePublic(w http.ResponseWriter, r *http.Request) {
	text, ok := publicForm(w, r)
	c, known := link.ReadContext(text)
	if !ok || !known {
		s.refusePublic(w, r, errNoLink)
		return
	}
	g, err := s.unproven(r.Context(), c.Passcode)
	if err != nil {
		s.refusePublic(w, r, err)
		return
	}
	if !s.limiter.allow(r.Context(), g.account.ID) {
		s.showCodeForm(w, r, g, text, publicView{Problem: "The link is used too often. Wait a second."})
		return
	}
	ctx := s.asGuest(r, g)
	if r.PostForm.Get("mail") != "" {
		v := publicView{Text: "A code is on its way to " + masked(g.account.Email) + "."}
		if err := s.sendCode(ctx, g); err != nil {
			v = publicView{Problem: s.sentence(ctx, err)}
		}
		s.showCodeForm(w, r, g, text, v)
		return
	}
	url, err := s.takeCode(ctx, g, r.PostForm.Get("code"))
	if err != nil {
		s.showCodeForm(w, r, g, text, publicView{Problem: s.sentence(ctx, err)})
		return
	}
	http.Redirect(w, r, url, http.StatusSeeOther)
}

// masked is an e-mail address that its owner knows again, and nobody else learns.
func masked(email string) string {
	name, domain, ok := strings.Cut(email, "@")
	if !ok || name == "" {
		return "your address"
	}
	return string([]rune(name)[0]) + "...@" + domain
}
