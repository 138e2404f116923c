// Package browser drives the web page in a real Chromium, against a real ui server, core, service, node and database.
package browser
