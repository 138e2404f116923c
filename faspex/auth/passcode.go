package auth

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/store"
)

// byLink begins codes and access tokens of those who follow a link. They are the link's passcode: whoever asks for one has
// it already, and what it opens is looked up at each call.
const byLink = "link:"

// Passcode takes the passcode of a link out of the headers of a call: an access token that the token endpoint gave for one,
// or the published header. False for a call by an account.
func Passcode(authorization, header string) (string, bool) {
	if code, ok := strings.CutPrefix(Bearer(authorization), byLink); ok {
		return code, true
	}
	return header, authorization == "" && header != ""
}

// publicLink is GET authorize_public_link: it gives clients of links a code. state is the context of the link, in the form
// that its address has.
func (s *Server) publicLink(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("response_type") == "" {
		q.Set("response_type", "code")
	}
	a, err := s.readAuthorization(r.Context(), withChallenge(q))
	if s.rejected(w, r, a, err) {
		return
	}
	c, ok := link.ReadContext(q.Get("state"))
	if !ok {
		c.Passcode = r.Header.Get("Passcode")
	}
	if _, ok := link.Parse(s.ring, c.Passcode); !ok {
		http.Redirect(w, r, a.target(url.Values{"error": {"access_denied"},
			"action_message": {"This link opens nothing. Perhaps it was not copied whole."}}), http.StatusFound)
		return
	}
	http.Redirect(w, r, a.target(url.Values{"code": {byLink + c.Passcode}}), http.StatusFound)
}

// withChallenge takes links without a challenge, also of clients that have to send one for people: there is nothing to
// guess, for the code is the passcode.
func withChallenge(q url.Values) url.Values {
	if q.Get("code_challenge") == "" {
		q.Set("code_challenge", byLink)
		q.Set("code_challenge_method", methodS256)
	}
	return q
}

// linkLife is how long clients are told that the token of a link is good, in seconds. It is good as long as the link.
const linkLife = 3600

// grantLink answers a code that publicLink gave.
func (s *Server) grantLink(client store.OAuthClient, passcode string) (api.Token, error) {
	if _, ok := link.Parse(s.ring, passcode); !ok || client.ClientType != "public" {
		return api.Token{}, refuse("invalid_grant", "The link opens nothing.")
	}
	return api.Token{AccessToken: byLink + passcode, TokenType: "bearer", ExpiresIn: linkLife,
		ExpirationDate: s.now().Add(linkLife * time.Second).UTC().Format(time.RFC3339)}, nil
}
