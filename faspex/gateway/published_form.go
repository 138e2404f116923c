package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"strconv"
	"time"

	"faspex.io/operator/faspex/address"
)

// mostField bounds the fields of a form that are neither the spec nor a file.
const mostField = 1 << 10

type uploadedForm struct {
	Files int   `json:"files"`
	Bytes int64 `json:"bytes"`
}

// uploadForm takes an upload of version 3, a multipart form: a field x-aspera-spec with the spec, and then for each of
// its paths, in order, a field Content-Length with the size and a part file with the bytes, which go on to the node as
// they come.
func (s *Server) uploadForm(w http.ResponseWriter, r *http.Request) {
	leave, err := s.bounds.admit(address.Client(r, s.proxies))
	if err != nil {
		s.refuse(w, r, err)
		return
	}
	defer leave()
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Time{}) // One that can't be set bounds the request.
	f := &form{server: s, request: r, size: -1}
	err = f.read(&patchBody{r: r.Body, control: control, ctx: r.Context()})
	if f.files != nil {
		f.files.close(errClosed) // Nothing happens to one that has ended.
	}
	if err != nil {
		w.Header().Set("Connection", "close") // What is left of the body is not read.
		s.refuse(w, r, err)
		return
	}
	answer(w, http.StatusOK, uploadedForm{Files: f.count, Bytes: f.bytes})
}

// form is what came of a form.
type form struct {
	server  *Server
	request *http.Request
	files   *sequence
	size    int64 // of the next file; -1 is unknown
	count   int
	bytes   int64
}

func (f *form) read(body io.Reader) error {
	kind, parameters, err := mime.ParseMediaType(f.request.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/form-data" || parameters["boundary"] == "" {
		return newProblem(http.StatusUnsupportedMediaType, "bad_request", "An upload is a form (multipart/form-data).")
	}
	reader := multipart.NewReader(body, parameters["boundary"])
	for {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return broken(err)
		}
		if err := f.part(part); err != nil {
			return err
		}
	}
	if f.files == nil {
		return newProblem(http.StatusBadRequest, "bad_request", "The form has no field x-aspera-spec.")
	}
	return f.files.finish(f.request.Context())
}

func (f *form) part(part *multipart.Part) error {
	switch part.FormName() {
	case "x-aspera-spec":
		text, err := field(part, mostSpec)
		if err != nil {
			return err
		}
		var spec publishedSpec
		if json.Unmarshal([]byte(text), &spec) != nil || f.files != nil {
			return newProblem(http.StatusBadRequest, "bad_request",
				"The field x-aspera-spec is no transfer spec, or there are several.")
		}
		f.files, err = f.server.beginSequence(f.request.Context(), spec.Spec)
		return err
	case "Content-Length":
		text, err := field(part, mostField)
		if err != nil {
			return err
		}
		if f.size, err = strconv.ParseInt(text, 10, 64); err != nil || f.size < 0 {
			return newProblem(http.StatusBadRequest, "bad_request", "The field Content-Length is no size.")
		}
		return nil
	case "file":
		return f.file(part)
	}
	return nil
}

func (f *form) file(part *multipart.Part) error {
	if f.files == nil || f.size < 0 {
		return newProblem(http.StatusBadRequest, "bad_request",
			"The fields x-aspera-spec and Content-Length come before a file.")
	}
	// The name is what the client says, with its folders: FileName would cut those off.
	_, parameters, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return newProblem(http.StatusBadRequest, "bad_request", "A part of the form has no Content-Disposition.")
	}
	index, err := f.files.find(f.count, parameters["filename"])
	if err != nil {
		return err
	}
	size := f.size
	f.size = -1
	if err := f.files.begin(f.request.Context(), index, size); err != nil {
		return err
	}
	if err := f.files.give(f.request.Context(), part); err != nil {
		return broken(err)
	}
	if f.files.current >= 0 {
		return newProblem(http.StatusBadRequest, "incomplete", "A file has fewer bytes than were announced.")
	}
	f.count, f.bytes = f.count+1, f.bytes+size
	return nil
}

// field is the text of a short part.
func field(part *multipart.Part, most int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(part, most+1))
	if err != nil {
		return "", broken(err)
	}
	if int64(len(text)) > most {
		return "", newProblem(http.StatusRequestEntityTooLarge, "too_long", "A field of the form is too long.")
	}
	return string(text), nil
}

// broken is what is told of a form that can't be read to its end. What went wrong at the node says more.
func broken(err error) error {
	var p *Problem
	if errors.As(err, &p) || problemOf(err).Code != "internal_error" {
		return err
	}
	return &Problem{Status: http.StatusBadRequest, Code: "bad_request", Message: "The form broke off, or is none.",
		Err: err}
}
