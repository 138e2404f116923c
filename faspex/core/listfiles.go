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

// maxFaults is how many faulty lines of a file are told at once.
const maxFaults = 100

// readContacts reads a CSV file. Its first line names the columns, in any order; others than email and name do not count,
// nor do blanks around commas. A file with faulty lines is refused as a whole, and told of each of them by its number.
func readContacts(raw []byte) ([]store.ListContact, error) {
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))))
	r.TrimLeadingSpace, r.FieldsPerRecord = true, -1
	header, err := r.Read()
	email, name := -1, -1
	for i := range header {
		switch strings.ToLower(column(header, i)) {
		case "email":
			email = i
		case "name":
			name = i
		}
	}
	if err != nil || email < 0 {
		return nil, badRequest("The first line of the file must name the columns: email, name")
	}
	var out []store.ListContact
	var faults []api.FieldError
	for len(faults) < maxFaults {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *csv.ParseError
		if errors.As(err, &wrong) {
			faults = append(faults, lineFault(wrong.StartLine, "is no line of a CSV file"))
			continue
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		c := store.ListContact{Name: column(fields, email), Label: column(fields, name)}
		switch {
		case c.Name == "":
			faults = append(faults, lineFault(line, "has no e-mail address"))
		case len(c.Name) > 255 || len(c.Label) > 255:
			faults = append(faults, lineFault(line, "is too long"))
		case len(out) == maxImported:
			return nil, badRequest(fmt.Sprintf("A file may have %d people at most.", maxImported))
		}
		out = append(out, c)
	}
	if len(faults) > 0 {
		p := newProblem(http.StatusBadRequest, fmt.Sprintf("Nothing was added: %d lines of the file are faulty.", len(faults)))
		p.Errors = faults
		return nil, p
	}
	return out, nil
}

func lineFault(line int, what string) api.FieldError {
	return api.FieldError{Location: fmt.Sprintf("body.line[%d]", line), Message: fmt.Sprintf("Line %d %s.", line, what)}
}

func column(fields []string, at int) string {
	if at < 0 || at >= len(fields) {
		return ""
	}
	return strings.TrimSpace(fields[at])
}
