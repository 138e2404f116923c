package core

import (
	"cmp"
	"context"
	"crypto/sha256"
	_ "embed" // the pages
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"strconv"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/auth"
	"faspex.io/operator/faspex/link"
	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/settings"
)

// PublicPath is where links lead to: pages that work without a login and, but for the one that sends, without scripts.
const PublicPath = Base + "/public/"

//go:embed public.html
var publicHTML string

//go:embed public.js
var publicScript string

var (
	publicPage = template.Must(template.New("public").Parse(publicHTML))
	// scriptHash lets the browser run this script and no other.
	scriptHash = func() string {
		sum := sha256.Sum256([]byte(publicScript))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}()
)

// publicView is what a page shows.
type publicView struct {
	Style                          template.CSS
	Script                         template.JS
	Label, Title, From, Text, Note string
	Instructions, Terms, Problem   string
	Page                           string // which form there is: package, submission, send, or none
	Action, Context, Passcode      string
	API, Gateway, Email, Register  string
	Files                          []publicFile
	More                           int // files that are not listed
}

// publicFile is a file or a folder at the top of a package.
type publicFile struct{ Name, Path string }

// shownFiles is how many names of files the page of a package lists.
const shownFiles = 100

const maxPublicForm = 32 << 10

func (s *Server) registerPublicPages(mux *http.ServeMux) {
	mux.HandleFunc("GET "+PublicPath, func(w http.ResponseWriter, r *http.Request) {
		s.showPublic(w, r, r.URL.Query().Get("context"), publicView{})
	})
	mux.HandleFunc("POST "+PublicPath+"package", s.downloadPublic)
	mux.HandleFunc("POST "+PublicPath+"submission", s.askPublic)
	mux.HandleFunc("POST "+PublicPath+"code", s.provePublic)
}

// asGuest is a request as calls by a link see it.
func (s *Server) asGuest(r *http.Request, g *guest) context.Context {
	ctx := context.WithValue(r.Context(), principalKey{}, auth.Principal{Account: g.account})
	return context.WithValue(context.WithValue(ctx, guestKey{}, g), addressKey{}, s.auth.ClientAddress(r))
}

// publicGuest finds what the context of an address opens.
func (s *Server) publicGuest(ctx context.Context, text string) (*guest, error) {
	c, ok := link.ReadContext(text)
	if !ok {
		return nil, errNoLink
	}
	return s.guest(ctx, c.Passcode)
}

// showPublic answers with the page of a link, which is what its passcode opens, whatever address led there.
func (s *Server) showPublic(w http.ResponseWriter, r *http.Request, text string, v publicView) {
	g, err := s.publicGuest(r.Context(), text)
	if errors.Is(err, policy.ErrCodeNeeded) {
		s.showCodeForm(w, r, g, text, v)
		return
	}
	if err != nil {
		s.refusePublic(w, r, err)
		return
	}
	ctx := s.asGuest(r, g)
	told, err := s.tellLink(ctx, nil)
	if err != nil {
		s.refusePublic(w, r, err)
		return
	}
	v.Context, v.Passcode, v.Instructions = text, g.passcode(s.ring), told.Body.Instructions
	switch g.purpose {
	case policy.ReadByLink:
		err = s.viewPublicPackage(ctx, g, &v)
	case policy.AskByLink:
		v.Page, v.Title, v.Action = "submission", "Send files to "+told.Body.RecipientName, PublicPath+"submission"
	case policy.SendByLink:
		s.viewPublicForm(told.Body, &v)
	case policy.LookByLink:
		v.Title, v.Instructions = g.pkg.Title, ""
		v.Text = statusText(packages.Show(g.pkg.State, g.pkg.UploadStatus))
	}
	if err != nil {
		s.refusePublic(w, r, err)
		return
	}
	s.renderPublic(w, r, http.StatusOK, v)
}

func (s *Server) viewPublicPackage(ctx context.Context, g *guest, v *publicView) error {
	p := g.pkg
	v.Title, v.From, v.Note, v.Instructions = p.Title, fullName(p.Sender), p.Note, ""
	found, err := s.view(ctx, text(p.ID))
	if err != nil {
		return err
	}
	if err := mayDownload(found, packages.SideReceived, true); err != nil {
		var no *policy.Refusal
		if !errors.As(err, &no) {
			return err
		}
		v.Problem = no.Reason
		return nil
	}
	switch {
	case policy.CanDownloadByHTTP(found.thing) != nil:
		v.Text = "The sender does not allow downloads by a browser. Give this page's address to ascli or another client."
	case s.gateway == nil:
		v.Text = "This server has no downloads by a browser. Give this page's address to ascli or another client."
	default:
		v.Page, v.Action = "package", PublicPath+"package"
	}
	l, err := s.browse(ctx, s.packageRoot(packages.SideReceived), text(p.ID), nil, 0, shownFiles)
	if err != nil {
		s.log.WarnContext(ctx, "cannot list the files of a package for its page", "package", p.ID, "error", err)
		return nil
	}
	for _, e := range l.Items {
		name := e.Basename
		if e.Type == "directory" {
			name += "/"
		}
		v.Files = append(v.Files, publicFile{name, e.Basename})
	}
	v.More = l.TotalCount - len(l.Items)
	return nil
}

func (s *Server) viewPublicForm(told api.Link, v *publicView) {
	v.Title, v.Terms = "Send files to "+told.RecipientName, told.Terms
	switch {
	case !told.MaySend:
		v.Text = "This link was for one package, which was sent. Ask for another one."
	case told.PreventHTTPUpload, told.GatewayURL == nil, told.EncryptionAtRest == "required":
		v.Text = "Files are not sent by a browser here. Give this page's address to ascli or another client."
	default:
		v.Page, v.API, v.Gateway = "send", Base+v5, GatewayPath
	}
}

// statusText is the status of a package as a sentence.
func statusText(shown packages.Status) string {
	switch shown {
	case packages.StatusCompleted:
		return "The package was delivered."
	case packages.StatusFailed:
		return "The upload failed. Send the package again."
	case packages.StatusExpired, packages.StatusExpiring, packages.StatusDeleted, packages.StatusDeleting:
		return "The package was delivered, and is not available any more."
	case packages.StatusStarting, packages.StatusUploading, packages.StatusTransferring, packages.StatusPaused:
		return "The package waits for its files."
	}
	return "The package is being delivered."
}

// downloadPublic sends a browser to where it downloads the package of a link, or one file or folder of it.
func (s *Server) downloadPublic(w http.ResponseWriter, r *http.Request) {
	text, ok := publicForm(w, r)
	if !ok {
		s.refusePublic(w, r, errNoLink)
		return
	}
	g, err := s.publicGuest(r.Context(), text)
	if err == nil && g.purpose != policy.ReadByLink {
		err = errNoLink
	}
	if err != nil {
		s.refusePublic(w, r, err)
		return
	}
	in := &ticketInput{Type: packages.SideReceived}
	in.ID = strconv.FormatInt(g.pkg.ID, 10)
	if one := r.PostForm.Get("path"); one != "" {
		in.Body = &pathsBody{Paths: []requestPath{{api.PathOrText{Source: one}}}}
	}
	ticket, err := s.downloadTicket(s.asGuest(r, g), in)
	if err != nil {
		s.showPublic(w, r, text, publicView{Problem: s.sentence(r.Context(), err)})
		return
	}
	http.Redirect(w, r, ticket.Body.URL, http.StatusSeeOther)
}

func publicForm(w http.ResponseWriter, r *http.Request) (string, bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxPublicForm)
	return r.PostFormValue("context"), r.ParseForm() == nil
}

// askPublic has a link to send by mailed to one who came by a submission link.
func (s *Server) askPublic(w http.ResponseWriter, r *http.Request) {
	text, ok := publicForm(w, r)
	if !ok {
		s.refusePublic(w, r, errNoLink)
		return
	}
	g, err := s.publicGuest(r.Context(), text)
	if err == nil && g.purpose != policy.AskByLink {
		err = errNoLink
	}
	if err != nil {
		s.refusePublic(w, r, err)
		return
	}
	email := r.PostForm.Get("email")
	if _, err := s.askForLink(s.asGuest(r, g), &struct{ Body api.PublicInvitation }{
		api.PublicInvitation{EmailAddress: email}}); err != nil {
		s.showPublic(w, r, text, publicView{Problem: s.sentence(r.Context(), err), Email: email})
		return
	}
	s.renderPublic(w, r, http.StatusOK, publicView{Title: "Look into your mail",
		Text: "A link to send your files by is on its way to " + email + "."})
}

// sentence is what people are told of an error.
func (s *Server) sentence(ctx context.Context, err error) string {
	return s.answer(ctx, "link", err).Error()
}

// refusePublic tells why a link opens nothing.
func (s *Server) refusePublic(w http.ResponseWriter, r *http.Request, err error) {
	v, status := publicView{Title: "This link does not open"}, http.StatusForbidden
	var no *policy.Refusal
	switch {
	case errors.Is(err, errNoLink):
		v.Problem, status = "Perhaps it was not copied whole, or it was withdrawn.", http.StatusNotFound
	case errors.As(err, &no):
		v.Problem = no.Reason
		if no.Code == "registration_required" {
			v.Title = "Register to open the package"
			if c, err := s.auth.Configuration(r.Context()); err == nil && c.SelfRegistrationType != settings.NoRegistration {
				v.Register = Base + "/auth/register"
			}
		}
	default:
		v.Problem, status = s.sentence(r.Context(), err), http.StatusInternalServerError
	}
	s.renderPublic(w, r, status, v)
}

func (s *Server) renderPublic(w http.ResponseWriter, r *http.Request, status int, v publicView) {
	css, style := auth.Style()
	v.Style, v.Label = css, "Faspex"
	if c, err := s.auth.Configuration(r.Context()); err == nil {
		v.Label = cmp.Or(c.LoginLabel, v.Label)
	}
	policy := "default-src 'none'; style-src " + style + "; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
	if v.Page == "send" {
		v.Script = template.JS(publicScript) // embedded at build time
		policy += "; script-src " + scriptHash + "; connect-src 'self'"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Frame-Options", "DENY")
	w.WriteHeader(status)
	_ = publicPage.Execute(w, v) // a failed write means the browser has gone
}
