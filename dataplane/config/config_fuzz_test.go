package config

import (
	"path/filepath"
	"testing"
)

// FuzzParse has no configuration get through that the programs could not run with.
func FuzzParse(f *testing.F) {
	f.Add([]byte(""))
	f.Add([]byte("storageRoot: /srv\nports:\n  ssh: 33001\n  udp: 33001\ngso: \"off\"\n"))
	f.Add([]byte("rates: {targetKbps: 1000, maxKbps: 0}\ntransferUsers: [xfer]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := Parse(text)
		if err != nil {
			return
		}
		if !filepath.IsAbs(c.StorageRoot) || len(c.TransferUsers) == 0 {
			t.Errorf("accepted: %+v", c)
		}
		for _, port := range []int{c.Ports.SSH, c.Ports.UDP, c.Ports.NodeAPI, c.Ports.Metrics} {
			if port < 1 || port > 65535 {
				t.Errorf("accepted port %d", port)
			}
		}
	})
}
