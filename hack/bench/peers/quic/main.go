// Command quic moves one file over one stream of quic-go, with windows large enough for any path measured here.
package main

import (
	"context"
	"crypto/tls"
	"time"

	"faspex.io/operator/hack/bench/peers/peer"
	"github.com/quic-go/quic-go"
)

const protocol = "bench"

func config() *quic.Config {
	return &quic.Config{MaxIdleTimeout: time.Minute,
		InitialStreamReceiveWindow: peer.Window, MaxStreamReceiveWindow: peer.Window,
		InitialConnectionReceiveWindow: peer.Window, MaxConnectionReceiveWindow: peer.Window}
}

func main() { peer.Main(receive, send) }

func receive(s peer.Settings) error {
	certificate, err := peer.Certificate()
	if err != nil {
		return err
	}
	l, err := quic.ListenAddr(s.Address, &tls.Config{Certificates: []tls.Certificate{certificate},
		NextProtos: []string{protocol}}, config())
	if err != nil {
		return err
	}
	for {
		c, err := l.Accept(context.Background())
		if err != nil {
			return err
		}
		stream, err := c.AcceptStream(context.Background())
		if err != nil {
			return err
		}
		if err := peer.Pull(stream, s.File); err != nil {
			return err
		}
	}
}

func send(s peer.Settings) (peer.Report, error) {
	began := time.Now()
	c, err := quic.DialAddr(context.Background(), s.Address,
		&tls.Config{InsecureSkipVerify: true, NextProtos: []string{protocol}}, config())
	if err != nil {
		return peer.Report{}, err
	}
	r := peer.Report{Handshake: time.Since(began).Seconds()}
	began = time.Now()
	stream, err := c.OpenStreamSync(context.Background())
	if err != nil {
		return r, err
	}
	r.Bytes, err = peer.Push(stream, s.File)
	r.Seconds = time.Since(began).Seconds()
	return r, err
}
