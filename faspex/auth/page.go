package auth

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"net/url"
)

//go:embed login.html login.css
var pageFiles embed.FS

var (
	loginPage = template.Must(template.ParseFS(pageFiles, "login.html"))
	loginCSS  = mustRead("login.css")
	// styleHash lets the browser use this style sheet and no other.
	styleHash = func() string {
		sum := sha256.Sum256([]byte(loginCSS))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}()
)

// Style is the style sheet of pages that core serves, and how a policy names it.
func Style() (css template.CSS, source string) { return template.CSS(loginCSS), styleHash }

func mustRead(name string) string {
	b, err := pageFiles.ReadFile(name)
	if err != nil {
		panic(err) // embedded at build time
	}
	return string(b)
}

// carried are the parameters of authorize that travel through the form.
var carried = []string{"client_id", "response_type", "redirect_uri", "state", "code_challenge", "code_challenge_method",
	"prompt"}

type field struct{ Name, Value string }

type loginView struct {
	Style template.CSS
	// Logo and Background are the addresses of images; empty for none.
	Logo, Background string
	// Label, Heading and Instructions are the administrator's words.
	Label, Heading, Instructions string
	Action                       string
	Client                       string
	Fields                       []field
	CSRF                         string
	Username                     string
	Problem                      string
	// Step is what the page is: one of the steps.
	Step string
	// Ticket names a login on its way from one form to the next.
	Ticket string
	// Code is the code of a mail.
	Code string
	// Forgot is where a mail can be asked for; empty when none can be sent.
	Forgot string
	// SignUp is what the link to the form for a new account says; empty when nobody can register. Terms have to be
	// accepted in it. First and Last are what was typed.
	SignUp, Terms, First, Last string
	// Rules are those of new passwords.
	Rules string
	// Onward is where a browser that is logged in already goes.
	Onward string
}

// Steps of a login.
const (
	stepProblem    = "problem"    // tells why there is no login
	stepLogin      = "login"      // asks for name and password
	stepPassword   = "password"   // asks for a new password
	stepOnward     = "onward"     // tells that the login is done, and goes on
	stepForgot     = "forgot"     // asks whom to mail a link
	stepSent       = "sent"       // tells that a mail is on its way
	stepReset      = "reset"      // asks for a new password, by a mailed code
	stepDone       = "done"       // tells that the password was set
	stepSignUp     = "sign_up"    // asks for what an account needs
	stepWaits      = "waits"      // tells that a registration waits for a decision
	stepRegistered = "registered" // tells that a mail is on its way to a new account
)

// Title is the heading of the page.
func (v loginView) Title() string {
	switch v.Step {
	case stepLogin:
		return v.Heading
	case stepPassword:
		return "Choose a new password"
	case stepForgot:
		return "Forgot your password?"
	case stepSent:
		return "Look into your mail"
	case stepReset:
		return "Choose a password"
	case stepSignUp:
		return v.SignUp
	case stepWaits:
		return "Your request was sent"
	case stepRegistered:
		return "Look into your mail"
	case stepDone:
		return "The password is set"
	case stepOnward:
		return "You are logged in"
	}
	return "Cannot log in"
}

func (s *Server) renderLogin(w http.ResponseWriter, r *http.Request, status int, a authorization, params url.Values,
	username, problem string) {
	s.renderForm(w, r, status, a, params, loginView{Step: stepLogin, Username: username, Problem: problem})
}

// renderForm answers with a form of the login, which carries the parameters of authorize.
func (s *Server) renderForm(w http.ResponseWriter, r *http.Request, status int, a authorization, params url.Values,
	view loginView) {
	c, err := s.Configuration(r.Context())
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	view.Label, view.Heading = c.LoginLabel, c.LoginPageTitle
	if err := s.brand(r.Context(), &view); err != nil {
		s.loginFailed(w, r, err)
		return
	}
	if view.Step == stepLogin {
		view.Instructions, view.SignUp = c.LoginInstructions, signUpWords(c)
		can, err := s.sendsMail(r)
		if err != nil {
			s.loginFailed(w, r, err)
			return
		}
		if can {
			view.Forgot = s.base + "/auth/password"
		}
	}
	view.Action, view.Client, view.CSRF = s.base+"/auth/authorize", a.client.Name, s.setCSRF(w, r)
	for _, name := range carried {
		if v := params.Get(name); v != "" {
			view.Fields = append(view.Fields, field{name, v})
		}
	}
	// The browser applies form-action to the redirect that answers the form as well.
	formAction := "'self'"
	if u, err := url.Parse(a.redirectURI); err == nil && u.Host != "" {
		formAction += " " + u.Scheme + "://" + u.Host
	}
	render(w, status, view, formAction)
}

func (s *Server) renderProblem(w http.ResponseWriter, status int, problem string) {
	render(w, status, loginView{Step: stepProblem, Problem: problem}, "'none'")
}

// renderOnward answers one who is logged in already and goes on to the application, which asks for a code of its own:
// the one that this form was for may be used up.
func (s *Server) renderOnward(w http.ResponseWriter, a authorization) {
	render(w, http.StatusOK, loginView{Step: stepOnward, Client: a.client.Name, Onward: a.redirectURI}, "'none'")
}

func render(w http.ResponseWriter, status int, view loginView, formAction string) {
	view.Style = template.CSS(loginCSS) // embedded at build time
	view.Label, view.Heading = cmp.Or(view.Label, "Faspex"), cmp.Or(view.Heading, "Log in")
	images := "" // without one the browser is not to ask for an icon either
	if view.Logo != "" || view.Background != "" {
		images = "; img-src 'self'"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+styleHash+images+"; form-action "+formAction+
		"; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_ = loginPage.Execute(w, view) // a failed write means the browser has gone
}

// csrfCookie holds a random value; the form holds its MAC, so a page elsewhere can send neither.
const (
	csrfCookie  = "faspex_login"
	csrfPurpose = "login form"
	csrfLife    = 24 * 3600 // seconds that a form may stay open
)

func (s *Server) setCSRF(w http.ResponseWriter, r *http.Request) string {
	value := ""
	if c, err := r.Cookie(csrfCookie); err == nil && len(c.Value) == 43 {
		value = c.Value
	} else {
		value = secret()
		http.SetCookie(w, s.cookie(csrfCookie, value, csrfLife))
	}
	return s.sign(csrfPurpose, value)
}

func (s *Server) checkCSRF(r *http.Request) bool {
	c, err := r.Cookie(csrfCookie)
	return err == nil && s.signed(csrfPurpose, c.Value, r.PostForm.Get("csrf"))
}
