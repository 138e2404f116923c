package core

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

// maxImported is how many people a file may add to a list.
const maxImported = 10_000

type csvOutput struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

// registerListFiles adds the import and export of a list as CSV: additions of this implementation.
func (s *Server) registerListFiles(what, path string) {
	register(s, operation{method: http.MethodPost, path: path + "/{id}/csv", id: "import-distribution-list", what: what,
		access: anyone, status: http.StatusOK, summary: "Add the people of a CSV file with the header email, name to a list"},
		func(ctx context.Context, in *struct {
			IDPath
			RawBody []byte `contentType:"text/csv"`
		}) (*body[api.DistributionList], error) {
			l, err := s.ownList(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			contacts, err := readContacts(in.RawBody)
			if err != nil {
				return nil, err
			}
			if err := s.store.AddContacts(ctx, l.ID, contacts); err != nil {
				return nil, err
			}
			return s.listAnswer(ctx, in.ID)
		})
	register(s, operation{method: http.MethodGet, path: path + "/{id}/csv", id: "export-distribution-list", what: what,
		access: anyone, summary: "Get a list as a CSV file"},
		func(ctx context.Context, in *IDPath) (*csvOutput, error) {
			l, err := s.list(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			var out bytes.Buffer
			w := csv.NewWriter(&out)
			rows := [][]string{{"email", "name"}}
			for _, c := range l.Contacts {
				rows = append(rows, []string{harmless(c.Name), harmless(c.Label)})
			}
			err = w.WriteAll(rows)
			return &csvOutput{"text/csv; charset=utf-8", out.Bytes()}, err
		})
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// readContacts reads a CSV file. Its first line names the columns; blanks around commas do not count.
func readContacts(raw []byte) ([]store.ListContact, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	r.TrimLeadingSpace, r.FieldsPerRecord = true, -1
	header, err := r.Read()
	if err != nil || len(header) < 1 || column(header, 0) != "email" || len(header) > 1 && column(header, 1) != "name" {
		return nil, badRequest("The first line of the file must be: email, name")
	}
	var out []store.ListContact
	for line := 2; ; line++ {
		fields, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return nil, badRequest(fmt.Sprintf("Line %d is no line of a CSV file.", line))
		}
		c := store.ListContact{Name: column(fields, 0), Label: column(fields, 1)}
		switch {
		case c.Name == "" || len(c.Name) > 255 || len(c.Label) > 255:
			return nil, badRequest(fmt.Sprintf("Line %d has no e-mail address, or is too long.", line))
		case len(out) == maxImported:
			return nil, badRequest(fmt.Sprintf("A file may have %d people at most.", maxImported))
		}
		out = append(out, c)
	}
}

func column(fields []string, at int) string {
	if at >= len(fields) {
		return ""
	}
	return strings.TrimSpace(fields[at])
}
