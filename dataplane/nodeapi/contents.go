package nodeapi

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"faspex.io/operator/dataplane/storage"
	"faspex.io/operator/dataplane/token"
)

// maxContent is the largest file that the Node API sends itself. It holds a call's connection
// for as long as the client takes.
const maxContent = 16 << 20

// content is a file as the answer to a call.
type content struct {
	file storage.File
	name string
	size int64
	when time.Time
}

// contentsByPath answers a file whose path is one element of the URL. Clients encode it as forms do, so that a space is
// "+"; a file that has a "+" in its name is found by clients that don't.
func (s *Server) contentsByPath(ctx context.Context, c *caller, r *http.Request) (any, error) {
	element := strings.TrimSuffix(strings.TrimPrefix(r.URL.EscapedPath(), "/files/"), "/contents")
	p, err := url.QueryUnescape(element)
	if err != nil {
		return nil, errBadRequest("the path is not encoded as in a URL")
	}
	out, err := s.openContent(ctx, c, p)
	if err == nil {
		return out, nil
	}
	if literal, wrong := url.PathUnescape(element); wrong == nil && literal != p {
		return s.openContent(ctx, c, literal)
	}
	return nil, err
}

func (s *Server) contentByID(ctx context.Context, c *caller, r *http.Request) (any, error) {
	_, p, _, err := s.permittedPath(ctx, c, r, token.LevelRead)
	if err != nil {
		return nil, err
	}
	return s.openContent(ctx, c, p)
}

func (s *Server) openContent(ctx context.Context, c *caller, p string) (any, error) {
	if err := s.may(ctx, c, token.LevelRead, p); err != nil {
		return nil, err
	}
	clean, err := storage.Clean(p)
	if err != nil {
		return nil, err
	}
	// A pipe or a device is not opened: that could wait for ever, or do something.
	info, err := c.files.Lstat(clean)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errConflict("only files have contents, this is a " +
			strings.ReplaceAll(kindOrSpecial(info.Mode()), "_", " "))
	}
	f, err := c.files.OpenContent(clean)
	if err != nil {
		return nil, err
	}
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		err = errConflict("only files have contents")
	}
	if err == nil && info.Size() > maxContent {
		err = &apiError{http.StatusRequestEntityTooLarge, fmt.Sprintf("the file has %d bytes, and no more than %d "+
			"are sent by this call: download it by a transfer, see /files/download_setup", info.Size(), maxContent)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return content{f, path.Base(clean), info.Size(), info.ModTime()}, nil
}

// send answers the file, or the parts of it that are asked for.
func (c content) send(w http.ResponseWriter, r *http.Request) {
	defer c.file.Close()
	h := w.Header()
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": c.name}))
	// No browser is to take what somebody uploaded for a page of this server.
	h.Set("Content-Type", "application/octet-stream")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	http.ServeContent(w, r, "", c.when, io.NewSectionReader(c.file, 0, c.size))
}
