package auth

import (
	"errors"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/settings"
)

// showSignUp is GET register: the form by which people get accounts, if the configuration lets them.
func (s *Server) showSignUp(w http.ResponseWriter, r *http.Request) {
	s.renderSignUp(w, r, http.StatusOK, registration{client: r.URL.Query().Get("client_id")}, "")
}

// submitSignUp is POST register, from that form.
func (s *Server) submitSignUp(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxLoginBody)
	if err := r.ParseForm(); err != nil {
		s.renderProblem(w, http.StatusBadRequest, "The form could not be read.")
		return
	}
	field := func(name string) string {
		return strings.TrimSpace(strings.ToValidUTF8(r.PostForm.Get(name), "\uFFFD"))
	}
	f := registration{first: field("first_name"), last: field("last_name"), email: field("email"),
		terms: r.PostForm.Get("terms") == "accepted", client: field("client_id")}
	if len(f.client) > 128 || strings.ContainsFunc(f.client, func(r rune) bool { return r < '!' || r > '~' }) {
		f.client = ""
	}
	if !s.checkCSRF(r) {
		s.renderSignUp(w, r, http.StatusForbidden, f, "The page was open for too long, or cookies are off. Try again.")
		return
	}
	waits, err := s.register(r.Context(), f, s.ClientAddress(r))
	var told signUpError
	switch busy := explain(err); {
	case busy != nil:
		w.Header().Set("Retry-After", RetryAfter(busy.wait))
		s.renderSignUp(w, r, busy.status, f, busy.text)
	case errors.As(err, &told):
		status := http.StatusBadRequest
		if told == errHasAccount {
			status = http.StatusConflict
		}
		s.renderSignUp(w, r, status, f, string(told))
	case err != nil:
		s.loginFailed(w, r, err)
	case waits:
		s.renderRecovery(w, r, http.StatusOK, loginView{Step: stepWaits})
	default:
		s.renderRecovery(w, r, http.StatusOK, loginView{Step: stepRegistered, Username: f.email})
	}
}

// renderSignUp answers with the form; without self-registration there is none (faspex-H1).
func (s *Server) renderSignUp(w http.ResponseWriter, r *http.Request, status int, f registration, problem string) {
	c, err := s.Configuration(r.Context())
	if err != nil {
		s.loginFailed(w, r, err)
		return
	}
	if c.SelfRegistrationType == settings.NoRegistration {
		s.renderProblem(w, http.StatusNotFound, errNoRegistration.Error())
		return
	}
	s.renderRecovery(w, r, status, loginView{
		Step: stepSignUp, Problem: problem, SignUp: signUpWords(c), Instructions: c.RegistrationInstructions,
		Terms: c.LoginTermsOfService, First: f.first, Last: f.last, Username: f.email,
		Fields: []field{{"client_id", f.client}},
	})
}

// signUpWords are those of the link and the heading; empty when nobody can register (faspex-D3).
func signUpWords(c settings.Configuration) string {
	switch c.SelfRegistrationType {
	case settings.UnmoderatedRegistration:
		return "Create an account"
	case settings.ModeratedRegistration:
		return "Request an account"
	}
	return ""
}
