package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
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
	mac := knownBrowserMAC(s.ring.Keys(knownBrowserPurpose)[0], a, browser, issued)
	http.SetCookie(w, s.cookie(knownBrowserCookie(a.ID), fmt.Sprintf("%s.%d.%s", browser, issued, mac),
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
	for _, key := range s.ring.Keys(knownBrowserPurpose) {
		if hmac.Equal([]byte(knownBrowserMAC(key, a, parts[0], issued)), []byte(parts[2])) {
			return parts[0], true
		}
	}
	return "", false
}

// knownBrowserMAC binds a browser to the account and to the password it was known under.
func knownBrowserMAC(key []byte, a store.Account, browser string, issued int64) string {
	m := hmac.New(sha256.New, key)
	fmt.Fprintf(m, "%d.%d.%s.%d", a.ID, a.TokenEpoch, browser, issued)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}
