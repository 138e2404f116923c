package gateway

import (
	"net/http"
	"path"
	"slices"
	"strings"

	"faspex.io/operator/dataplane/transferspec"
)

// The published gateway API: what public clients speak to upload and download by a transfer spec. Version 1 and 2
// upload over a WebSocket (published_socket.go), version 3 by a form (published_form.go); downloads are in
// published_download.go. docs/gateway.md has all of it.

// Versions that the API tells. Clients take the way of uploading from the major number: 2 is the WebSocket with binary
// slices.
const (
	socketVersion = "2.3.0"
	formVersion   = "3.0.0"
)

const (
	// mostSpec bounds a transfer spec, and mostText a text message of a WebSocket.
	mostSpec = 4 << 20
	mostText = 4 << 20
)

type gatewayInfo struct {
	Name             string   `json:"name"`
	Version          string   `json:"version"`
	UploadEndpoint   []string `json:"upload_endpoint"`
	DownloadEndpoint []string `json:"download_endpoint"`
	Endpoints        []string `json:"endpoints"`
}

// registerPublished adds the published API. Pages of any origin may use it: it takes no cookies, and what permits
// something is in the spec.
func (s *Server) registerPublished(mux *http.ServeMux) {
	info := func(version string, upload, download []string) http.HandlerFunc {
		told := gatewayInfo{Name: "Faspex HTTP Gateway", Version: version, UploadEndpoint: upload,
			DownloadEndpoint: download, Endpoints: slices.Concat(upload, download)}
		return func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, told) }
	}
	sockets := []string{Base + "/v1/upload", Base + "/v2/upload"}
	form := info(formVersion, []string{Base + "/v3/upload"}, []string{Base + "/v3/download", Base + "/v3/presign"})
	for pattern, handler := range map[string]http.HandlerFunc{
		"GET /info":                 form,
		"GET /v3/info":              form,
		"GET /v1/info":              info(socketVersion, sockets, []string{Base + "/v1/download"}),
		"GET /v2/info":              info(socketVersion, sockets, []string{Base + "/v1/download"}),
		"GET /v1/upload":            s.uploadSocket(false),
		"GET /v2/upload":            s.uploadSocket(true),
		"POST /v3/upload":           s.uploadForm,
		"POST /v1/download":         s.prepareDownload,
		"GET /v1/download/{ticket}": s.preparedDownload,
		"GET /v3/download":          s.specDownload,
		"POST /v3/presign":          s.presign,
	} {
		method, route, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+Base+route, anyOrigin(handler))
		mux.HandleFunc("OPTIONS "+Base+route, anyOrigin(preflight))
	}
}

func preflight(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

// anyOrigin lets pages of other origins read what next answers.
func anyOrigin(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Access-Control-Expose-Headers", "X-Request-Id, Content-Length, Content-Disposition")
		if r.Method == http.MethodOptions {
			h.Set("Access-Control-Allow-Methods", "GET, HEAD, POST, OPTIONS")
			h.Set("Access-Control-Allow-Headers", "Content-Type, Authorization, X-Aspera-AccessKey, X-Aspera-Spec")
			h.Set("Access-Control-Max-Age", "600")
		}
		// Others may embed and fetch it: nothing but the spec of the request opens it.
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		next(w, r)
	}
}

// publishedSpec is a transfer spec with what only the gateway's clients put into it.
type publishedSpec struct {
	transferspec.Spec
	ZipRequired  bool   `json:"zip_required"`
	DownloadName string `json:"download_name"`
}

// announcedFile is a file that a spec of an upload lists.
type announcedFile struct {
	source string
	path   string // where it is stored, relative to the destination
}

// announcedFiles are the files of a spec, in its order. Clients list each file by its name, or by the path that it has
// on their machine if it is in a folder: of absolute paths, what all of them begin with is left out but for its last
// folder.
func announcedFiles(spec transferspec.Spec) ([]announcedFile, error) {
	if len(spec.Paths) == 0 {
		return nil, newProblem(http.StatusBadRequest, "bad_request", "The transfer spec has no paths.")
	}
	names, common := namesOf(spec), ""
	for _, p := range spec.Paths {
		if p.Destination != "" || !isAbsolute(p.Source) {
			continue
		}
		folder := path.Dir(slashed(p.Source))
		if common == "" {
			common = folder
		}
		for common != folder && !strings.HasPrefix(folder, strings.TrimSuffix(common, "/")+"/") {
			common = path.Dir(common)
		}
	}
	kept := path.Dir(common)
	files := make([]announcedFile, 0, len(spec.Paths))
	for _, p := range spec.Paths {
		at := p.Destination
		switch {
		case at != "":
		case isAbsolute(p.Source):
			at = strings.TrimPrefix(slashed(p.Source), kept)
		default:
			at = slashed(p.Source)
		}
		at = path.Clean(strings.TrimLeft(at, "/"))
		if p.Source == "" || at == "." || at == ".." || strings.HasPrefix(at, "../") {
			return nil, newProblem(http.StatusBadRequest, "bad_request", "A path of the transfer spec is no path of a file.")
		}
		files = append(files, announcedFile{source: p.Source, path: names.file(at)})
	}
	return files, nil
}

// slashed is a path of any system with slashes.
func slashed(p string) string {
	if hasDrive(p) || strings.HasPrefix(p, `\\`) {
		p = strings.ReplaceAll(p, `\`, "/")
	}
	if hasDrive(p) {
		return p[2:]
	}
	return p
}

func isAbsolute(p string) bool {
	return strings.HasPrefix(p, "/") || strings.HasPrefix(p, `\\`) || hasDrive(p)
}

func hasDrive(p string) bool {
	return len(p) > 2 && p[1] == ':' && (p[2] == '/' || p[2] == '\\') && ('a' <= p[0]|0x20 && p[0]|0x20 <= 'z')
}
