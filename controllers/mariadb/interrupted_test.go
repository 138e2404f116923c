package mariadb_test

import (
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"faspex.io/operator/controllers/mariadb"
	"faspex.io/operator/test/mariadbd"
)

// cut leads to a server and cuts connections off when so many packets were sent to it, all in all.
func cut(t *testing.T, after int64) mariadb.Server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var sent atomic.Int64
	address := mariadbd.Start(t).Addr()
	go func() {
		for {
			in, err := listener.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", address)
			if err != nil {
				_ = in.Close()
				continue
			}
			go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
			go func() {
				defer func() { _, _ = out.Close(), in.Close() }()
				packet := make([]byte, 1<<16)
				for sent.Load() < after {
					n, err := in.Read(packet)
					if err != nil {
						return
					}
					if _, err := out.Write(packet[:n]); err != nil {
						return
					}
					sent.Add(1)
				}
			}()
		}
	}()
	return mariadb.Server{Host: "127.0.0.1", Port: int32(listener.Addr().(*net.TCPAddr).Port), User: "root",
		Password: mariadbd.RootPassword}
}

// TestInterruptedProvision: whoever is cut off after any of the statements finds the rest done by the next attempt, and
// nothing made twice or of another kind than by one that was not cut off.
func TestInterruptedProvision(t *testing.T) {
	server := rootServer(t)
	whole := mariadb.Faspex("faspex_cut", mariadb.Account{Name: "aspera_cut", Password: "admin-1"},
		mariadb.Account{Name: "faspex_cut", Password: "user-1"})
	drop := func() {
		if err := mariadb.Drop(context.WithoutCancel(t.Context()), server, "faspex_cut", "aspera_cut", "faspex_cut"); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(drop)
	for packets := int64(1); ; packets++ {
		_, err := mariadb.Provision(t.Context(), cut(t, packets), whole)
		provision(t, server, whole)
		if changes := provision(t, server, whole); changes != nil {
			t.Fatalf("cut off after %d packets: then changed %q", packets, changes)
		}
		for user, password := range map[string]string{"aspera_cut": "admin-1", "faspex_cut": "user-1"} {
			if err := server.As(user, password).Ping(t.Context()); err != nil {
				t.Fatalf("cut off after %d packets: %s: %v", packets, user, err)
			}
		}
		drop()
		if err == nil {
			if packets < 10 {
				t.Errorf("only %d packets: nothing is proven", packets)
			}
			return
		}
		if packets > 200 {
			t.Fatalf("it does not end: %v", err)
		}
	}
}
