// Package mailbox is a mail server for demos: it takes every mail, sends none on, and shows them on a web page. It keeps
// the last ones in memory and forgets all when it ends. It is no part of an installation.
package mailbox

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
)

// Mail is one that was taken.
type Mail struct {
	ID       string // its Message-ID
	From, To string // as the mail server was told
	// Sender is who the mail says that it is from.
	Sender, Subject string
	Text, HTML      string
}

const (
	maxNesting = 8
	maxPart    = 4 << 20
)

// Read reads a mail as a mail server gets it.
func Read(from, to string, r io.Reader) (Mail, error) {
	msg, err := mail.ReadMessage(r)
	if err != nil {
		return Mail{}, fmt.Errorf("read mail: %w", err)
	}
	words := new(mime.WordDecoder)
	m := Mail{ID: msg.Header.Get("Message-ID"), From: from, To: to}
	if m.Subject, err = words.DecodeHeader(msg.Header.Get("Subject")); err != nil {
		return m, fmt.Errorf("read subject: %w", err)
	}
	if m.Sender, err = words.DecodeHeader(msg.Header.Get("From")); err != nil {
		return m, fmt.Errorf("read sender: %w", err)
	}
	return m, m.read(msg.Header.Get("Content-Type"), msg.Header.Get("Content-Transfer-Encoding"), msg.Body, 0)
}

// read takes the text and the HTML out of a body.
func (m *Mail) read(kind, encoding string, body io.Reader, depth int) error {
	if depth > maxNesting {
		return errors.New("mail is nested too deeply")
	}
	if kind == "" {
		kind = "text/plain"
	}
	name, params, err := mime.ParseMediaType(kind)
	if err != nil {
		return fmt.Errorf("read type of a part: %w", err)
	}
	if strings.HasPrefix(name, "multipart/") {
		for parts := multipart.NewReader(body, params["boundary"]); ; {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read part: %w", err)
			}
			if err := m.read(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part,
				depth+1); err != nil {
				return err
			}
		}
	}
	if strings.EqualFold(encoding, "quoted-printable") {
		body = quotedprintable.NewReader(body)
	}
	text, err := io.ReadAll(io.LimitReader(body, maxPart))
	switch name {
	case "text/html":
		m.HTML = string(text)
	case "text/plain":
		m.Text = string(text)
	}
	return err
}
