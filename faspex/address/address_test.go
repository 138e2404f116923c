package address_test

import (
	"net/http/httptest"
	"net/netip"
	"testing"

	"faspex.io/operator/faspex/address"
)

func TestListAllow(t *testing.T) {
	tests := map[string]struct {
		list    string
		allowed []string
		refused []string
	}{
		"empty admits nobody": {"", nil, []string{"127.0.0.1", "::1"}},
		"blanks admit nobody": {" , ", nil, []string{"127.0.0.1"}},
		"addresses": {"192.0.2.1, 2001:db8::1", []string{"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1"},
			[]string{"192.0.2.2", "2001:db8::2"}},
		"the guide's example": {"1.1.1.1,192.*", []string{"1.1.1.1", "192.0.2.1", "192.255.255.255"},
			[]string{"1.1.1.2", "193.0.0.1", "19.2.0.1"}},
		"wildcard in the midst": {"10.*.0.1", []string{"10.9.0.1"}, []string{"10.9.1.1", "10.9.0.2"}},
		"network": {"10.0.0.0/9,fd00::/8", []string{"10.127.0.1", "fd12::1"},
			[]string{"10.128.0.1", "fe80::1"}},
		"everyone": {"*", []string{"203.0.113.9", "2001:db8::1"}, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			list, err := address.Parse(tc.list)
			if err != nil {
				t.Fatal(err)
			}
			for _, a := range tc.allowed {
				if !list.Allow(netip.MustParseAddr(a)) {
					t.Errorf("%s is refused", a)
				}
			}
			for _, a := range tc.refused {
				if list.Allow(netip.MustParseAddr(a)) {
					t.Errorf("%s is allowed", a)
				}
			}
			if list.Allow(netip.Addr{}) {
				t.Error("an unknown address is allowed")
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, list := range []string{"300.1.1.1", "192.*.1", "1.2.3.4.*", "a.*", "10.0.0.0/33", "host.example.com", "192*"} {
		if _, err := address.Parse(list); err == nil {
			t.Errorf("%q was accepted", list)
		}
	}
}

func TestClient(t *testing.T) {
	router, err := address.Parse("10.0.0.0/8")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"direct":                        {"203.0.113.5:1000", nil, "203.0.113.5"},
		"by the router":                 {"10.1.2.3:1000", []string{"203.0.113.5"}, "203.0.113.5"},
		"what the client claims":        {"10.1.2.3:1000", []string{"192.0.2.1, 203.0.113.5"}, "203.0.113.5"},
		"claims in a header of its own": {"10.1.2.3:1000", []string{"192.0.2.1", "203.0.113.5"}, "203.0.113.5"},
		"not by the router":             {"198.51.100.7:1000", []string{"192.0.2.1"}, "198.51.100.7"},
		"with a port":                   {"10.1.2.3:1000", []string{"203.0.113.5:4711"}, "203.0.113.5"},
		"version 6":                     {"10.1.2.3:1000", []string{"2001:db8::1"}, "2001:db8::1"},
		"not an address":                {"10.1.2.3:1000", []string{"unknown"}, "invalid IP"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tc.peer
			for _, f := range tc.forwarded {
				r.Header.Add("X-Forwarded-For", f)
			}
			if got := address.Client(r, router).String(); got != tc.want {
				t.Errorf("address %s, want %s", got, tc.want)
			}
		})
	}
}
