package config

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"

	"github.com/go-sql-driver/mysql"
)

// Environment is what differs from node to node, or is secret.
type Environment struct {
	// NodeName names this node among those that share the database (HSTS_NODE_NAME).
	NodeName string
	// AdvertiseAddress is where clients reach this node (HSTS_ADVERTISE_ADDRESS).
	AdvertiseAddress string
	// DrainingFile, if not empty, is a file that says something while this node shall be given no new transfers
	// (HSTS_DRAINING_FILE). It may come and go.
	DrainingFile string
	// LogLevel is debug, info, warn or error (HSTS_LOG_LEVEL).
	LogLevel slog.Level
	// Database is HSTS_DB_HOST, _PORT, _DATABASE, _USERNAME, _PASSWORD, _USE_TLS, and the file
	// _CA_FILE with PEM certificates.
	Database *mysql.Config
}

// ReadEnvironment reads the environment through lookup, which is os.Getenv but for tests.
func ReadEnvironment(lookup func(string) string) (Environment, error) {
	v := variables{lookup: lookup}
	env := Environment{
		NodeName: v.need("HSTS_NODE_NAME"), AdvertiseAddress: v.need("HSTS_ADVERTISE_ADDRESS"), Database: v.database(),
		DrainingFile: lookup("HSTS_DRAINING_FILE"),
	}
	if level := lookup("HSTS_LOG_LEVEL"); level != "" {
		if err := env.LogLevel.UnmarshalText([]byte(level)); err != nil {
			v.errs = append(v.errs, errors.New("HSTS_LOG_LEVEL must be debug, info, warn or error"))
		}
	}
	if err := v.err(); err != nil {
		return Environment{}, err
	}
	return env, nil
}

// Draining tells whether this node shall be given no new transfers. A file that cannot be read is no order.
func (e Environment) Draining() bool {
	if e.DrainingFile == "" {
		return false
	}
	text, err := os.ReadFile(e.DrainingFile)
	return err == nil && len(bytes.TrimSpace(text)) > 0
}

// ReadDatabase reads Environment.Database alone, for programs that are no node.
func ReadDatabase(lookup func(string) string) (*mysql.Config, error) {
	v := variables{lookup: lookup}
	db := v.database()
	if err := v.err(); err != nil {
		return nil, err
	}
	return db, nil
}

// variables reads variables and collects what is wrong with them.
type variables struct {
	lookup func(string) string
	errs   []error
}

func (v *variables) need(name string) string {
	text := v.lookup(name)
	if text == "" {
		v.errs = append(v.errs, fmt.Errorf("%s is not set", name))
	}
	return text
}

func (v *variables) err() error {
	if len(v.errs) == 0 {
		return nil
	}
	return fmt.Errorf("environment: %w", errors.Join(v.errs...))
}

func (v *variables) database() *mysql.Config {
	db := mysql.NewConfig()
	db.Net = "tcp"
	db.User, db.Passwd, db.DBName = v.need("HSTS_DB_USERNAME"), v.need("HSTS_DB_PASSWORD"), v.need("HSTS_DB_DATABASE")
	host, port := v.need("HSTS_DB_HOST"), v.lookup("HSTS_DB_PORT")
	if port == "" {
		port = "3306"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		v.errs = append(v.errs, errors.New("HSTS_DB_PORT is not a port"))
	}
	db.Addr = net.JoinHostPort(host, port)
	if text := v.lookup("HSTS_DB_USE_TLS"); text != "" {
		use, err := strconv.ParseBool(text)
		if err != nil {
			v.errs = append(v.errs, errors.New("HSTS_DB_USE_TLS must be true or false"))
		}
		if use {
			roots, err := readRoots(v.lookup("HSTS_DB_CA_FILE"))
			if err != nil {
				v.errs = append(v.errs, err)
			}
			db.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: roots}
		}
	}
	return db
}

// readRoots reads the certificates to trust; no file means those of the system.
func readRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("HSTS_DB_CA_FILE: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("HSTS_DB_CA_FILE holds no PEM certificate")
	}
	return pool, nil
}
