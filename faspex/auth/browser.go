package auth

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/faspex/store"
)

// A browser in which someone logged in is known to the account from then on: a signed cookie says so. What strangers
// try on the account does not keep it out, for it has a budget of its own (ofBrowser). The cookie opens nothing: the
// password is needed as before.
const (
	knownBrowserLife    = 180 * 24 * time.Hour
	knownBrowserPurpose = "known browser"
)

func knownBrowserCookie(account int64) string { return fmt.Sprintf("faspex_known_%d", account) }

// rememberBrowser makes the browser known to an account that was logged in to.
func (s *Server) rememberBrowser(w http.ResponseWriter, a store.Account) {
	browser, issued := secret(), s.now().Unix()
	signature := s.sign(knownBrowserPurpose, knownBrowserText(a, browser, issued))
	http.SetCookie(w, s.cookie(knownBrowserCookie(a.ID), fmt.Sprintf("%s.%d.%s", browser, issued, signature),
		int(knownBrowserLife.Seconds())))
}

// knownBrowser gives the id of the browser when the account knows it. A changed password makes browsers unknown: who
// knew the old one could have had any number of them known.
func (s *Server) knownBrowser(r *http.Request, a store.Account) (browser string, known bool) {
	c, err := r.Cookie(knownBrowserCookie(a.ID))
	if err != nil {
		return "", false
	}
	parts := strings.Split(c.Value, ".")
	if len(parts) != 3 {
		return "", false
	}
	issued, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || s.now().After(time.Unix(issued, 0).Add(knownBrowserLife)) {
		return "", false
	}
	return parts[0], s.signed(knownBrowserPurpose, knownBrowserText(a, parts[0], issued), parts[2])
}

// knownBrowserText binds a browser to the account and to the password it was known under.
func knownBrowserText(a store.Account, browser string, issued int64) string {
	return fmt.Sprintf("%d.%d.%s.%d", a.ID, a.TokenEpoch, browser, issued)
}
