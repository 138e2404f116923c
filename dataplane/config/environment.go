package config

import (
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
	// LogLevel is debug, info, warn or error (HSTS_LOG_LEVEL).
	LogLevel slog.Level
	// Database is HSTS_DB_HOST, _PORT, _DATABASE, _USERNAME, _PASSWORD, _USE_TLS, and the file
	// _CA_FILE with PEM certificates.
	Database *mysql.Config
}

// ReadEnvironment reads the environment through lookup, which is os.Getenv but for tests.
func ReadEnvironment(lookup func(string) string) (Environment, error) {
	var errs []error
	need := func(name string) string {
		v := lookup(name)
		if v == "" {
			errs = append(errs, fmt.Errorf("%s is not set", name))
		}
		return v
	}
	env := Environment{NodeName: need("HSTS_NODE_NAME"), AdvertiseAddress: need("HSTS_ADVERTISE_ADDRESS")}
	if level := lookup("HSTS_LOG_LEVEL"); level != "" {
		if err := env.LogLevel.UnmarshalText([]byte(level)); err != nil {
			errs = append(errs, errors.New("HSTS_LOG_LEVEL must be debug, info, warn or error"))
		}
	}
	db := mysql.NewConfig()
	db.Net, db.User, db.Passwd, db.DBName = "tcp", need("HSTS_DB_USERNAME"), need("HSTS_DB_PASSWORD"),
		need("HSTS_DB_DATABASE")
	host, port := need("HSTS_DB_HOST"), lookup("HSTS_DB_PORT")
	if port == "" {
		port = "3306"
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		errs = append(errs, errors.New("HSTS_DB_PORT is not a port"))
	}
	db.Addr = net.JoinHostPort(host, port)
	if text := lookup("HSTS_DB_USE_TLS"); text != "" {
		use, err := strconv.ParseBool(text)
		if err != nil {
			errs = append(errs, errors.New("HSTS_DB_USE_TLS must be true or false"))
		}
		if use {
			roots, err := readRoots(lookup("HSTS_DB_CA_FILE"))
			if err != nil {
				errs = append(errs, err)
			}
			db.TLS = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host, RootCAs: roots}
		}
	}
	env.Database = db
	if len(errs) > 0 {
		return Environment{}, fmt.Errorf("environment: %w", errors.Join(errs...))
	}
	return env, nil
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
