// Command mailbox is the mail server of the demo: it takes every mail, sends none on, and shows them on a web page.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"faspex.io/operator/internal/mailbox"
)

func main() {
	smtpAddress := flag.String("smtp", ":1025", "where mails are taken")
	webAddress := flag.String("web", ":8025", "where the page is")
	flag.Parse()
	if err := run(*smtpAddress, *webAddress); err != nil {
		fmt.Fprintln(os.Stderr, "mailbox:", err)
		os.Exit(1)
	}
}

func run(smtpAddress, webAddress string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	box := &mailbox.Box{}
	mails := box.MailServer(smtpAddress)
	web := &http.Server{Addr: webAddress, Handler: box.Page(), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 2)
	go func() { failed <- mails.ListenAndServe() }()
	go func() { failed <- web.ListenAndServe() }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	return errors.Join(mails.Close(), web.Close())
}
