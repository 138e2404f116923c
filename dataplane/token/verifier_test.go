package token

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// memoryKeys is a set of access keys without a database.
type memoryKeys struct {
	key    AccessKey
	secret string
	files  map[string]string
	// levels are by user and path.
	levels map[string]Levels
}

func (m memoryKeys) AccessKey(_ context.Context, id string) (AccessKey, error) {
	if id != m.key.ID {
		return AccessKey{}, ErrBadCredentials
	}
	return m.key, nil
}

func (m memoryKeys) CheckSecret(_ context.Context, id, secret string) (AccessKey, error) {
	if id != m.key.ID || secret != m.secret {
		return AccessKey{}, ErrBadCredentials
	}
	return m.key, nil
}

func (m memoryKeys) FilePath(_ context.Context, _ AccessKey, fileID string) (string, error) {
	if p, ok := m.files[fileID]; ok {
		return p, nil
	}
	return "", ErrFileNotFound
}

// levels are what everybody may do with files, by path.
func (m memoryKeys) Levels(_ context.Context, _ AccessKey, b Bearer, p string) (Levels, error) {
	return m.levels[b.UserID+":"+p], nil
}

func newVerifier(t *testing.T, keys memoryKeys) *Verifier {
	t.Helper()
	return &Verifier{
		Keys:       newKeyring(t, Keys{Active: "k1", ByID: map[string][]byte{"k1": key(1)}}),
		AccessKeys: keys,
		Ledger:     NoLedger{},
		Now:        func() time.Time { return noon },
	}
}

func TestAuthorizeTransferTokens(t *testing.T) {
	v := newVerifier(t, memoryKeys{})
	upload := func(paths ...Path) Grant { g := grant(); g.Paths = paths; return g }
	download := func(paths ...Path) Grant { g := upload(paths...); g.Direction = Receive; return g }
	folder := Path{Destination: "/default/packages/p1"}
	tests := map[string]struct {
		grant Grant
		req   Request
		want  error
	}{
		"upload to the destination": {upload(folder),
			Request{Direction: Send, User: "xfer", Destination: "/default/packages/p1"}, nil},
		"upload beneath the destination": {upload(folder),
			Request{Direction: Send, User: "xfer", Destination: "default/packages/p1/sub/"}, nil},
		"upload without a destination": {upload(folder), Request{Direction: Send, User: "xfer"}, nil},
		"upload takes any source": {upload(folder),
			Request{Direction: Send, User: "xfer", Sources: []string{"/etc/passwd"}, Destination: "/default/packages/p1"}, nil},
		"upload to a neighbour with that prefix": {upload(folder),
			Request{Direction: Send, User: "xfer", Destination: "/default/packages/p11"}, ErrPathNotAllowed},
		"upload above the destination": {upload(folder),
			Request{Direction: Send, User: "xfer", Destination: "/default/packages"}, ErrPathNotAllowed},
		"upload climbs out": {upload(folder),
			Request{Direction: Send, User: "xfer", Destination: "/default/packages/p1/../p2"}, ErrPathNotAllowed},
		"upload with a NUL": {upload(folder),
			Request{Direction: Send, User: "xfer", Destination: "/default/packages/p1/a\x00b"}, ErrPathNotAllowed},
		"upload to one of several, none named": {upload(folder, Path{Destination: "/b"}),
			Request{Direction: Send, User: "xfer"}, ErrPathNotAllowed},
		"unrestricted upload": {upload(), Request{Direction: Send, User: "xfer", Destination: "/x"}, nil},
		"upload pairs": {upload(Path{Source: "a", Destination: "/d/a"}),
			Request{Direction: Send, User: "xfer", Pairs: []Path{{Source: "other", Destination: "/d/a"}}}, nil},
		"upload pair elsewhere": {upload(Path{Source: "a", Destination: "/d/a"}),
			Request{Direction: Send, User: "xfer", Pairs: []Path{{Source: "a", Destination: "/d/b"}}}, ErrPathNotAllowed},
		"upload pair beneath": {upload(Path{Source: "a", Destination: "/d/a"}),
			Request{Direction: Send, User: "xfer", Pairs: []Path{{Source: "a", Destination: "/d/a/x"}}}, ErrPathNotAllowed},
		"download of a source": {download(Path{Source: "/p/a"}, Path{Source: "/p/b"}),
			Request{Direction: Receive, User: "xfer", Sources: []string{"/p/b", "p/a"}}, nil},
		"download from a folder": {download(Path{Source: "/p"}),
			Request{Direction: Receive, User: "xfer", Sources: []string{"/p/a/b"}}, nil},
		"download of one source too many": {download(Path{Source: "/p/a"}),
			Request{Direction: Receive, User: "xfer", Sources: []string{"/p/a", "/p/b"}}, ErrPathNotAllowed},
		"download climbs out": {download(Path{Source: "/p/a"}),
			Request{Direction: Receive, User: "xfer", Sources: []string{"/p/a/../../q"}}, ErrPathNotAllowed},
		"download of nothing": {download(Path{Source: "/p/a"}), Request{Direction: Receive, User: "xfer"},
			ErrPathNotAllowed},
		"download pair, other destination": {download(Path{Source: "/p/a", Destination: "x"}),
			Request{Direction: Receive, User: "xfer", Pairs: []Path{{Source: "/p/a", Destination: "y"}}}, nil},
		"download pair, other source": {download(Path{Source: "/p/a", Destination: "x"}),
			Request{Direction: Receive, User: "xfer", Pairs: []Path{{Source: "/p/a/z", Destination: "x"}}}, ErrPathNotAllowed},
		"receive with an upload token": {upload(folder),
			Request{Direction: Receive, User: "xfer", Sources: []string{"/default/packages/p1"}}, ErrWrongDirection},
		"send with a download token": {download(Path{Source: "/p"}),
			Request{Direction: Send, User: "xfer", Destination: "/p"}, ErrWrongDirection},
		"no direction": {upload(folder), Request{User: "xfer"}, ErrWrongDirection},
		"another user": {upload(folder),
			Request{Direction: Send, User: "root", Destination: "/default/packages/p1"}, ErrWrongUser},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			text, err := v.Keys.Seal(tt.grant)
			if err != nil {
				t.Fatal(err)
			}
			tt.req.Token = text
			_, err = v.Authorize(t.Context(), tt.req)
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
			if err != nil && (!IsRefusal(err) || strings.Contains(err.Error(), text)) {
				t.Errorf("error %q is no refusal or holds the token", err)
			}
		})
	}
}

func TestTransferTokenGoesWithItsAccessKey(t *testing.T) {
	v := newVerifier(t, memoryKeys{key: AccessKey{ID: "ak", Root: "/default"}})
	g := grant()
	g.AccessKey = "ak"
	text, err := v.Keys.Seal(g)
	if err != nil {
		t.Fatal(err)
	}
	req := Request{Token: text, Direction: g.Direction, User: g.User}
	if _, err := v.Authorize(t.Context(), req); err != nil {
		t.Fatalf("with the key: %v", err)
	}
	v.AccessKeys = memoryKeys{key: AccessKey{ID: "another"}}
	if _, err := v.Authorize(t.Context(), req); !errors.Is(err, ErrInvalid) {
		t.Fatalf("without the key: %v, want %v", err, ErrInvalid)
	}
}

func TestAuthorizeTime(t *testing.T) {
	v := newVerifier(t, memoryKeys{})
	text, err := v.Keys.Seal(grant())
	if err != nil {
		t.Fatal(err)
	}
	req := Request{Token: text, Direction: Send, User: "xfer", Destination: "/default/packages/p1"}
	v.Now = func() time.Time { return noon.Add(time.Hour - time.Nanosecond) }
	if _, err := v.Authorize(t.Context(), req); err != nil {
		t.Errorf("just before the end: %v", err)
	}
	v.Now = func() time.Time { return noon.Add(time.Hour) }
	if _, err := v.Authorize(t.Context(), req); !errors.Is(err, ErrExpired) {
		t.Errorf("at the end: %v", err)
	}
}

func TestAuthorizeRefusesWhatIsNoToken(t *testing.T) {
	v := newVerifier(t, memoryKeys{key: AccessKey{ID: "ak", Root: "/d"}, secret: "s3cret"})
	for text, want := range map[string]error{
		"":                           ErrMissing,
		"  ":                         ErrMissing,
		"hello":                      ErrInvalid,
		"ATM2_abcTA":                 ErrInvalid,
		"ATM3_TA":                    ErrInvalid,
		"Basic":                      ErrInvalid,
		"Basic !":                    ErrInvalid,
		"Basic " + b64("ak"):         ErrInvalid,
		"Basic " + b64("ak:wrong"):   ErrBadCredentials,
		"Basic " + b64("no:s3cret"):  ErrBadCredentials,
		"Bearer abc":                 ErrInvalid,
		"Bearer " + b64("not zlib"):  ErrInvalid,
		"Negotiate " + b64("ak:pwd"): ErrInvalid,
	} {
		_, err := v.Authorize(t.Context(), Request{Token: text, Direction: Send, User: "xfer", Destination: "/"})
		if !errors.Is(err, want) {
			t.Errorf("token %q: %v, want %v", text, err, want)
		}
	}
}

func TestAuthorizeBasicToken(t *testing.T) {
	v := newVerifier(t, memoryKeys{key: AccessKey{ID: "ak", Root: "/default", Rates: Rates{TargetCapKbps: 9}},
		secret: "s3:cret", files: map[string]string{"1": "/", "7": "/in/box"}})
	req := Request{
		Token: "Basic " + b64("ak:s3:cret"), Direction: Send, User: "xfer", Destination: "/",
		Tags: json.RawMessage(`{"aspera":{"xfer_id":"x1","node":{"access_key":"ak","file_id":"7"}}}`),
	}
	g, err := v.Authorize(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if g.Root != "/default/in/box" || g.AccessKey != "ak" || g.Kind != KindBasic || g.Rates.TargetCapKbps != 9 ||
		g.Paths != nil || g.Direction != Send {
		t.Errorf("grant = %+v", g)
	}
	again, err := v.Authorize(t.Context(), req)
	if err != nil || again.TransferID != g.TransferID {
		t.Errorf("a retry is transfer %q, the first was %q (%v)", again.TransferID, g.TransferID, err)
	}
	req.Tags = json.RawMessage(`{"aspera":{"node":{"access_key":"other","file_id":"7"}}}`)
	if _, err := v.Authorize(t.Context(), req); !errors.Is(err, ErrPathNotAllowed) {
		t.Errorf("tags of another key: %v", err)
	}
	req.Tags = json.RawMessage(`{"aspera":{"node":{"file_id":"8"}}}`)
	if _, err := v.Authorize(t.Context(), req); !errors.Is(err, ErrFileNotFound) {
		t.Errorf("unknown file id: %v", err)
	}
	req.Tags = nil
	if g, err := v.Authorize(t.Context(), req); err != nil || g.Root != "/default" {
		t.Errorf("without tags: root %q, %v", g.Root, err)
	}
}

func TestAuthorizeBearerToken(t *testing.T) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	v := newVerifier(t, memoryKeys{key: AccessKey{ID: "ak", Root: "/default", VerificationKey: publicPEM(t, private)},
		files: map[string]string{"1": "/"}})
	claims := `{"user_id":"luke","scope":"node.ak:admin:all","auth_type":"access_key","expires_at":"%s"}`
	good := fmt.Sprintf(claims, "2026-11-21T13:00:00Z")
	tests := map[string]struct {
		text string
		want error
	}{
		"good":                     {bearer(t, private, good), nil},
		"signed by another":        {bearer(t, stranger, good), ErrInvalid},
		"expired":                  {bearer(t, private, fmt.Sprintf(claims, "2026-11-21T12:00:00Z")), ErrExpired},
		"another access key":       {bearer(t, private, strings.Replace(good, "node.ak:", "node.no:", 1)), ErrBadCredentials},
		"no user":                  {bearer(t, private, strings.Replace(good, "luke", "", 1)), ErrInvalid},
		"unknown scope":            {bearer(t, private, strings.Replace(good, "admin:all", "user:some", 1)), ErrInvalid},
		"user without permission":  {bearer(t, private, strings.Replace(good, "admin:all", "user:all", 1)), ErrNotPermitted},
		"time in another notation": {bearer(t, private, fmt.Sprintf(claims, "tomorrow")), ErrInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			g, err := v.Authorize(t.Context(), Request{
				Token: "Bearer " + tt.text, Direction: Receive, User: "xfer", Sources: []string{"/a"},
				Tags: json.RawMessage(`{"aspera":{"node":{"access_key":"ak","file_id":"1"}}}`),
			})
			if !errors.Is(err, tt.want) || (tt.want == nil) != (err == nil) {
				t.Fatalf("error = %v, want %v", err, tt.want)
			}
			if err == nil && (g.TokenUser != "luke" || g.Root != "/default" || g.Kind != KindBearer) {
				t.Errorf("grant = %+v", g)
			}
		})
	}
}

func FuzzUnpackBearer(f *testing.F) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	f.Add("")
	f.Add("eJwDAAAAAAE=")
	f.Add(bearer(f, private, `{"user_id":"luke","scope":"node.ak:admin:all","expires_at":"2026-11-21T13:00:00Z"}`))
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	pem := publicPEM(f, stranger)
	f.Fuzz(func(t *testing.T, text string) {
		u, err := unpackBearer(text)
		if err != nil {
			return
		}
		if _, err := u.verify(pem, noon); err == nil {
			t.Errorf("verified without a signature: %q", text)
		}
	})
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func publicPEM(t testing.TB, k *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&k.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

// bearer writes a token as clients do: signature in lines of 60 characters.
func bearer(t testing.TB, k *rsa.PrivateKey, claims string) string {
	t.Helper()
	digest := sha512.Sum512([]byte(claims))
	signature, err := rsa.SignPKCS1v15(nil, k, crypto.SHA512, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	for text := base64.StdEncoding.EncodeToString(signature); text != ""; {
		n := min(60, len(text))
		lines.WriteString(text[:n] + "\n")
		text = text[n:]
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	if _, err := z.Write([]byte(claims + "\n==SIGNATURE==\n" + lines.String())); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}
