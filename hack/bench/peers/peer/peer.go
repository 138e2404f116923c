// Package peer is what the programs that the product is measured against have in common: their command line, the
// certificate of a server that nobody has to trust, and the report of a sender.
package peer

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"os"
	"time"
)

// Chunk is how much is read and written at a time.
const Chunk = 1 << 20

// Window is room for 1 Gbit/s at 600 ms.
const Window = 96 << 20

// Settings are the command line.
type Settings struct {
	Address, File string
}

// Report is what a sender prints.
type Report struct {
	Bytes     int64   `json:"bytes"`
	Seconds   float64 `json:"seconds"`
	Handshake float64 `json:"handshake"`
}

// Main reads the command line and runs one side.
func Main(receive func(Settings) error, send func(Settings) (Report, error)) {
	var s Settings
	flag.StringVar(&s.Address, "addr", "127.0.0.1:4433", "address of the receiver")
	flag.StringVar(&s.File, "file", "", "file to read or write")
	flag.Parse()
	var err error
	switch flag.Arg(0) {
	case "recv":
		err = receive(s)
	case "send":
		var r Report
		if r, err = send(s); err == nil {
			err = json.NewEncoder(os.Stdout).Encode(r)
		}
	default:
		err = errors.New("say recv or send after the flags")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Certificate makes a certificate for this run.
func Certificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{"bench"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// Push sends the length of the file and the file, and waits for a byte that says that it is written.
func Push(stream io.ReadWriter, name string) (int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := binary.Write(stream, binary.BigEndian, info.Size()); err != nil {
		return 0, err
	}
	n, err := io.CopyBuffer(onlyWriter{stream}, onlyReader{f}, make([]byte, Chunk))
	if err != nil {
		return n, err
	}
	_, err = io.ReadFull(stream, make([]byte, 1))
	return n, err
}

// Pull is the other side of Push.
func Pull(stream io.ReadWriter, name string) error {
	var size int64
	if err := binary.Read(stream, binary.BigEndian, &size); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := io.CopyBuffer(onlyWriter{f}, io.LimitReader(onlyReader{stream}, size), make([]byte, Chunk)); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	_, err = stream.Write([]byte{1})
	return err
}

// The wrappers keep io.Copy from shortcuts that would cost other sizes.
type (
	onlyReader struct{ io.Reader }
	onlyWriter struct{ io.Writer }
)
