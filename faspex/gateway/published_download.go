package gateway

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"time"

	"faspex.io/operator/faspex/ticket"
)

// Downloads of the published API: by a spec in a header (version 3), or by an address that a spec was sealed into,
// which opens what the spec does for a few minutes, and holds nothing that the gateway has to keep.

// preparedLife is how long such an address may be opened; a download that has begun goes on.
const preparedLife = 10 * time.Minute

// preparedPrefix is what the ids of such tickets begin with. Those that core gives have another: each of
// them is good for one download.
const preparedPrefix = "spec:"

type prepareRequest struct {
	Spec *publishedSpec `json:"transfer_spec"`
}

type preparedAddress struct {
	ID  string `json:"transfer_spec_id"`
	URL string `json:"url"`
}

// seal makes the last element of the address of a download.
func (s *Server) seal(spec *publishedSpec) (string, error) {
	if spec == nil {
		return "", newProblem(http.StatusBadRequest, "bad_request", "There is no transfer_spec.")
	}
	sealed, err := ticket.Seal(s.ring, ticketOf(spec, preparedPrefix+newID()))
	if err != nil {
		return "", &Problem{Status: http.StatusRequestEntityTooLarge, Code: "too_long", Err: err,
			Message: "The transfer spec is too long for an address: choose the folder that holds the files."}
	}
	return sealed, nil
}

func ticketOf(spec *publishedSpec, id string) ticket.Ticket {
	return ticket.Ticket{
		ID: id, Expires: time.Now().Add(preparedLife), Name: spec.DownloadName,
		Zip: spec.ZipRequired || len(spec.Paths) > 1, Spec: spec.Spec,
	}
}

// prepareDownload takes a spec and answers with the address of the download.
func (s *Server) prepareDownload(w http.ResponseWriter, r *http.Request) {
	var asked prepareRequest
	if err := readJSON(w, r, &asked, mostSpec); err != nil {
		s.refuse(w, r, err)
		return
	}
	id, err := s.seal(asked.Spec)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, preparedAddress{ID: id, URL: Base + "/v1/download/" + id})
}

// preparedDownload gives what an address was made for.
func (s *Server) preparedDownload(w http.ResponseWriter, r *http.Request) {
	t, err := ticket.Open(s.ring, r.PathValue("ticket"), time.Now())
	if err != nil || !strings.HasPrefix(t.ID, preparedPrefix) {
		s.refusePerson(w, r, newProblem(http.StatusNotFound, "no_such_download",
			"There is no such download, or its address has expired."))
		return
	}
	s.download(w, r, t, false)
}

// specDownload gives what the spec in the header X-Aspera-Spec asks for.
func (s *Server) specDownload(w http.ResponseWriter, r *http.Request) {
	spec, err := headerSpec(r.Header.Get("X-Aspera-Spec"))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	s.download(w, r, ticketOf(spec, ""), true)
}

// headerSpec reads a spec of base64.
func headerSpec(text string) (*publishedSpec, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	raw, err := base64.RawStdEncoding.DecodeString(text)
	spec := &publishedSpec{}
	if err != nil || len(raw) == 0 || json.Unmarshal(raw, spec) != nil {
		return nil, newProblem(http.StatusBadRequest, "bad_request",
			"The header X-Aspera-Spec is no transfer spec in base64.")
	}
	return spec, nil
}

// download gives what a ticket is for. With plain, the name is given in ASCII alone: the public client that sends the
// spec in a header takes all that stands behind the first quote for the name.
func (s *Server) download(w http.ResponseWriter, r *http.Request, t ticket.Ticket, plain bool) {
	c, done, err := s.openContent(r, t)
	if err != nil {
		s.refusePerson(w, r, err)
		return
	}
	defer done()
	c.plain = plain
	s.serve(w, r, c)
}

type presignRequest struct {
	Spec     *publishedSpec `json:"transfer_spec"`
	Method   string         `json:"method"`
	Protocol string         `json:"protocol"`
	Headers  struct {
		Host string `json:"host"`
	} `json:"headers"`
}

type presignedAddress struct {
	SignedURL string `json:"signed_url"`
}

// hostname is a host with or without a port.
var hostname = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?$`)

// presign answers with an address that a browser opens by itself, without the header that a spec would be in. Its host
// is the one that the client says it reached the gateway by.
func (s *Server) presign(w http.ResponseWriter, r *http.Request) {
	var asked presignRequest
	if err := readJSON(w, r, &asked, mostSpec); err != nil {
		s.refuse(w, r, err)
		return
	}
	host, protocol := asked.Headers.Host, asked.Protocol
	if host == "" {
		host = r.Host
	}
	if protocol == "" {
		protocol = "https"
	}
	if asked.Method != "" && asked.Method != http.MethodGet || !hostname.MatchString(host) || protocol != "https" &&
		protocol != "http" {
		s.refuse(w, r, newProblem(http.StatusBadRequest, "bad_request",
			"Addresses are made for GET, a host, and http or https."))
		return
	}
	id, err := s.seal(asked.Spec)
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, presignedAddress{SignedURL: protocol + "://" + host + Base + "/v1/download/" + id})
}
