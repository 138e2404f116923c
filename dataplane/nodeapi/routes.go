package nodeapi

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"

	"faspex.io/operator/dataplane/nodeapi/client"
)

// route is one call. The router and the document of the interface are made of the same list.
type route struct {
	// pattern is a method and a path, as http.ServeMux has them.
	pattern string
	handler handler
	summary string
	// query are the names of what may be in the query of the URL.
	query []string
	// body and answer are values of the types that are sent and answered; nil for none.
	body, answer any
	// raw says that the answer is a file.
	raw bool
	// bodyBytes is how many bytes a request may have; 0 is the same as of most calls.
	bodyBytes int64
}

// Bodies of calls that have no type in the client.
type (
	pathsRequest struct {
		Paths []pathItem `json:"paths"`
	}
	pathsAnswer struct {
		Paths []pathResult `json:"paths"`
	}
	infoAnswer struct {
		Paths []infoResult `json:"paths"`
	}
	infoResult struct {
		client.Entry
		Error *client.ErrorBody `json:"error,omitempty"`
	}
	spaceAnswer struct {
		Paths []spaceResult `json:"paths"`
	}
	spaceResult struct {
		Path string `json:"path"`
		// What nobody knows is left out: the free size of an object store.
		BytesTotal  *int64            `json:"bytes_total,omitempty"`
		BytesFree   *int64            `json:"bytes_free,omitempty"`
		PercentFree *float64          `json:"percent_free,omitempty"`
		Error       *client.ErrorBody `json:"error,omitempty"`
	}
	usageRequest struct {
		Path string `json:"path"`
	}
	newFile struct {
		Name     string `json:"name"`
		Type     string `json:"type"`
		Contents string `json:"contents,omitempty"`
	}
	newName struct {
		Name string `json:"name"`
	}
	newPermission struct {
		FileID     string `json:"file_id"`
		AccessType string `json:"access_type"`
		AccessID   string `json:"access_id"`
		permissionChange
	}
	permissionChange struct {
		AccessLevels json.RawMessage `json:"access_levels,omitempty"`
		AccessLevel  string          `json:"access_level,omitempty"`
		Tags         json.RawMessage `json:"tags,omitempty"`
	}
)

// listQuery are the filters of a listing by id.
var listQuery = []string{
	"name", "name_glob", "name_iglob", "type", "min_size", "max_size", "min_modified_time", "max_modified_time",
	"sort", "page", "per_page", "iteration_token",
}

func (s *Server) routes() []route {
	return []route{
		{pattern: "GET /{$}", handler: s.info, summary: "Tell about the node", answer: client.Info{}},
		{pattern: "GET /info", handler: s.info, summary: "Tell about the node", answer: client.Info{}},

		{pattern: "GET /access_keys", handler: s.listAccessKeys, summary: "List the access keys below the caller",
			answer: []client.AccessKey{}},
		{pattern: "POST /access_keys", handler: s.createAccessKey, summary: "Make an access key", body: client.AccessKey{},
			answer: client.AccessKey{}},
		{pattern: "GET /access_keys/{id}", handler: s.readAccessKey, summary: "Read an access key; self is the caller's",
			answer: client.AccessKey{}},
		{pattern: "PUT /access_keys/{id}", handler: s.updateAccessKey, summary: "Change an access key",
			body: client.AccessKeyUpdate{}},
		{pattern: "DELETE /access_keys/{id}", handler: s.deleteAccessKey, summary: "Delete an access key",
			query: []string{"recursive"}},
		{pattern: "GET /self", handler: s.readAccessKey, summary: "Read the caller's access key", answer: client.AccessKey{}},

		{pattern: "GET /storages/{name}", handler: s.readMount, summary: "Tell which bucket a folder at the top is",
			answer: client.MountedStorage{}},
		{pattern: "PUT /storages/{name}", handler: s.mountStorage, summary: "Have a bucket be a folder at the top",
			body: client.MountedStorage{}, answer: client.MountedStorage{}},
		{pattern: "DELETE /storages/{name}", handler: s.unmount, summary: "Take a bucket's folder away; its content stays"},

		{pattern: "POST /files/upload_setup", handler: s.uploadSetup, summary: "Get transfer specs for uploads",
			body: client.TransferRequests{}, answer: client.TransferSpecs{}, bodyBytes: maxSetupBytes},
		{pattern: "POST /files/download_setup", handler: s.downloadSetup, summary: "Get transfer specs for downloads",
			body: client.TransferRequests{}, answer: client.TransferSpecs{}, bodyBytes: maxSetupBytes},

		{pattern: "POST /files/browse", handler: s.browse, summary: "List a folder", body: client.BrowseRequest{},
			answer: client.Listing{}},
		{pattern: "POST /files/page", handler: s.page, summary: "List a folder by parts", body: client.PageRequest{},
			answer: client.Page{}},
		{pattern: "POST /files/search", handler: s.search, summary: "Look for files beneath a folder",
			body: client.SearchRequest{}, answer: client.SearchResult{}},
		{pattern: "POST /files/du", handler: s.usage, summary: "Add up what a tree holds", body: usageRequest{},
			answer: client.Usage{}},
		{pattern: "POST /files/info", handler: s.filesInfo, summary: "Describe paths", body: pathsRequest{},
			answer: infoAnswer{}},
		{pattern: "POST /files/create", handler: s.createPaths, summary: "Make folders, files and links",
			body: pathsRequest{}, answer: pathsAnswer{}},
		{pattern: "POST /files/delete", handler: s.deletePaths, summary: "Remove paths", body: pathsRequest{},
			answer: pathsAnswer{}},
		{pattern: "POST /files/rename", handler: s.renamePaths, summary: "Rename within folders", body: pathsRequest{},
			answer: pathsAnswer{}},
		{pattern: "GET /files/{path}/contents", handler: s.contentsByPath, summary: "Send a file of at most 16 MiB",
			raw: true},
		{pattern: "POST /space", handler: s.space, summary: "Tell the space of file systems", body: pathsRequest{},
			answer: spaceAnswer{}},

		{pattern: "GET /files/{id}", handler: s.readFile, summary: "Describe a file, or a job that was made for it",
			query: []string{"ajq_id", "stop"}, answer: idEntry{}},
		{pattern: "PUT /files/{id}", handler: s.renameFile, summary: "Rename a file", body: newName{}},
		{pattern: "DELETE /files/{id}", handler: s.deleteFile, summary: "Remove a file, a folder with all beneath it"},
		{pattern: "GET /files/{id}/files", handler: s.listFiles, summary: "List a folder", query: listQuery,
			answer: []idEntry{}},
		{pattern: "POST /files/{id}/files", handler: s.createFile, summary: "Make a folder or a file in a folder",
			body: newFile{}, answer: idEntry{}},
		{pattern: "GET /files/{id}/content", handler: s.contentByID, summary: "Send a file of at most 16 MiB", raw: true},

		{pattern: "GET /permissions", handler: s.listPermissions, summary: "List permissions", answer: []permissionBody{},
			query: []string{
				"file_id", "inherited", "access_type", "access_id", "access_levels[]",
				"created_by_id", "last_updated_by_id", "page", "per_page", "embed[]",
			}},
		{pattern: "POST /permissions", handler: s.createPermission, summary: "Permit something", body: newPermission{},
			answer: permissionBody{}},
		{pattern: "GET /permissions/{id}", handler: s.readPermission, summary: "Read a permission",
			query: []string{"embed[]"}, answer: permissionBody{}},
		{pattern: "PUT /permissions/{id}", handler: s.updatePermission, summary: "Change a permission",
			body: permissionChange{}, answer: permissionBody{}},
		{pattern: "DELETE /permissions/{id}", handler: s.deletePermission, summary: "End a permission"},

		{pattern: "GET /ops/transfers", handler: s.listTransfers, summary: "List transfers in the order of their changes",
			answer: []client.Transfer{},
			query:  []string{"iteration_token", "active_only", "direction", "tag", "access_key", "count", "max_items", "after_time", "view"}},
		{pattern: "GET /ops/transfers/{id}", handler: s.readTransfer, summary: "Read a transfer", answer: client.Transfer{}},
		{pattern: "POST /ops/transfers", handler: s.startTransfer, summary: "Have the node make a transfer with another",
			body: client.TransferJob{}, answer: client.TransferJobAnswer{}},
		{pattern: "DELETE /ops/transfers/{id}", handler: s.deleteTransfer,
			summary: "Remove the record of a transfer that has ended"},
		{pattern: "PUT /ops/transfers/{id}", handler: s.changeTransfer,
			summary: "Pause, resume, cancel or seal a transfer, or change its rate", body: client.TransferChange{}, answer: client.Transfer{}},
		{pattern: "CANCEL /ops/transfers/{id}", handler: s.cancelTransfer, summary: "Cancel a transfer"},
		{pattern: "GET /ops/transfers/bandwidth", handler: s.bandwidth, summary: "Tell how fast transfers were",
			query: []string{"duration", "start_time"}, answer: client.Bandwidth{}},
		{pattern: "GET /events", handler: s.listEvents, summary: "List what happened, in its order", answer: []client.Event{},
			query: []string{"iteration_token", "count", "type", "type_glob[]", "after_time"}},
		{pattern: "GET /events/{id}", handler: s.readEvent, summary: "Read an event", answer: client.Event{}},
		{pattern: "GET /usage", handler: s.keyUsage, summary: "Add up the bytes of an access key",
			query: []string{"access_key"}, answer: client.KeyUsage{}},
		{pattern: "GET /usage/{id}", handler: s.keyUsage, summary: "Add up the bytes of an access key",
			answer: client.KeyUsage{}},
		{pattern: "GET /ops/jobs/{id}", handler: s.readJob, summary: "Tell how far a job is", query: []string{"stop"},
			answer: client.Job{}},
		{pattern: "DELETE /ops/jobs/{id}", handler: s.stopJob, summary: "Stop a job", answer: client.Job{}},
		{pattern: "POST /ops/revocations", handler: s.revoke, summary: "Withdraw transfer tokens", body: client.Revocation{}},
	}
}

// notServed are published calls that this node has not, and why.
var notServed = map[string]string{
	"POST /files/sync_setup":  "there is no sync: upload and download by setups",
	"GET /files/{id}/preview": "there are no previews",
	"POST /public_keys":       "keys are made by whoever uses them",
	"/asyncs/":                "there is no sync",
	"/asyncs":                 "there is no sync",
	"/rund/":                  "there are no watch folders",
	"/streams":                "there are no streams",
	"/streams/":               "there are no streams",
	"/services/":              "services of the node are managed by Kubernetes, and central is not one of them",
	"/v3/watchfolders":        "there are no watch folders",
	"/v3/watchfolders/":       "there are no watch folders",
}

// refuse answers a call that this node has not.
func refuse(why string) handler {
	return func(context.Context, *caller, *http.Request) (any, error) {
		return nil, &apiError{http.StatusNotImplemented, "this node does not serve this call: " + why}
	}
}

// Handler routes the calls. CANCEL is a method of its own in this interface.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /ping", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	document := s.document()
	mux.HandleFunc("GET /openapi.json", func(w http.ResponseWriter, r *http.Request) {
		s.write(w, r, http.StatusOK, document)
	})
	for _, r := range s.routes() {
		h := r.handler
		if concernsFiles(r.pattern) {
			h = s.withFiles(h)
		}
		mux.Handle(r.pattern, s.serveBodies(cmp.Or(r.bodyBytes, maxBodyBytes), h))
	}
	for pattern, why := range notServed {
		mux.Handle(pattern, s.serve(refuse(why)))
	}
	mux.Handle("/", s.serve(func(context.Context, *caller, *http.Request) (any, error) {
		return nil, errNotFound("there is no such call")
	}))
	return s.observe(mux)
}

// concernsFiles reports whether a call is about what is in the storages.
func concernsFiles(pattern string) bool {
	_, path, _ := strings.Cut(pattern, " ")
	return strings.HasPrefix(path, "/files") || strings.HasPrefix(path, "/space")
}

// withFiles refuses calls while the files of the storages are at another node.
func (s *Server) withFiles(h handler) handler {
	return func(ctx context.Context, c *caller, r *http.Request) (any, error) {
		if !s.inObjects(c.root) {
			if err := s.filesElsewhere(); err != nil {
				return nil, err
			}
		}
		return h(ctx, c, r)
	}
}

// filesElsewhere says that the files of the storages are at another node, nil if they are at this one.
func (s *Server) filesElsewhere() error {
	if s.FilesHere == nil {
		return nil
	}
	if err := s.FilesHere(); err != nil {
		return &apiError{http.StatusServiceUnavailable, err.Error()}
	}
	return nil
}
