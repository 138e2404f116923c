package core_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"faspex.io/operator/faspex/client"
	"faspex.io/operator/faspex/core"
	"faspex.io/operator/faspex/keyring"
	"faspex.io/operator/faspex/process"
	"faspex.io/operator/faspex/seed"
	"faspex.io/operator/faspex/store"
	"faspex.io/operator/faspex/store/storetest"
	"faspex.io/operator/test/mariadbd"
)

const (
	accounts = 1000
	// people ask, each with a token of their own.
	people = 64
	// clients ask at once.
	clients = 16
)

// count is how many packages there are; BENCH_PACKAGES has another number.
func count(b *testing.B) int {
	text := os.Getenv("BENCH_PACKAGES")
	if text == "" {
		return 1_000_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatalf("BENCH_PACKAGES: %v", err)
	}
	return n
}

// instance is a core with many packages.
type instance struct {
	url    string
	tokens []string
	admin  string
}

// prepare makes the packages by SQL: each of the accounts sends as many, to two others.
func prepare(b *testing.B) *instance {
	b.Helper()
	ctx := context.Background()
	server := mariadbd.Start(b)
	admin, restricted := storetest.Configs(b)
	if _, _, err := store.Migrate(ctx, admin); err != nil {
		b.Fatal(err)
	}
	db, err := store.Open(restricted)
	if err != nil {
		b.Fatal(err)
	}
	s := store.New(db)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := seed.Run(ctx, s, seed.Options{
		ExternalURL: "https://faspex.example.com", OperatorClientID: "operator", AdminUsername: "admin",
		AdminPassword:     "Correct-Horse-1",
		OperatorPublicKey: string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	}); err != nil {
		b.Fatal(err)
	}
	fill(b, mariadbd.Open(b, server.RootConfig()), restricted.Database, count(b))
	ring, err := keyring.New("a secret of the benchmark, long enough", "")
	if err != nil {
		b.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(io.Discard, nil)) // what is logged costs as it does in a pod, but for the writing
	c, err := core.New(s, ring, core.Config{ExternalURL: "https://faspex.example.com", Version: "bench", Log: log})
	if err != nil {
		b.Fatal(err)
	}
	mux := http.NewServeMux()
	c.Register(mux)
	web := httptest.NewServer(process.Requests(c.Frame(mux), log, prometheus.NewRegistry()))
	b.Cleanup(web.Close)
	made := &instance{url: web.URL + core.Base + "/api/v5/"}
	api, err := client.New(client.Config{URL: web.URL, Grant: &client.Grant{ClientID: "operator", User: "admin",
		PrivateKey: pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})}})
	if err != nil {
		b.Fatal(err)
	}
	if made.admin, err = api.Token(ctx); err != nil {
		b.Fatal(err)
	}
	for i := range people {
		token, err := api.As(fmt.Sprintf("user%04d", i*accounts/people+1)).Token(ctx)
		if err != nil {
			b.Fatal(err)
		}
		made.tokens = append(made.tokens, token)
	}
	return made
}

func fill(b *testing.B, db *sql.DB, database string, packages int) {
	b.Helper()
	begin := time.Now()
	conn, err := db.Conn(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	for _, q := range []string{
		`SET GLOBAL innodb_buffer_pool_size = 1 << 30`, // tests have 32 MiB
		"USE `" + database + "`",
		`INSERT INTO accounts (name, first_name, last_name, email, preferences) SELECT CONCAT('user', LPAD(seq, 4, '0')), CONCAT('First', seq), CONCAT('Last', seq),
			CONCAT('user', seq, '@example.com'), '{}' FROM seq_1_to_` + strconv.Itoa(accounts),
		`INSERT INTO account_logins (login, account_id, kind) SELECT name, id, 'name' FROM accounts WHERE name LIKE 'user%'`,
		`SET @first = (SELECT MIN(id) FROM accounts WHERE name LIKE 'user%')`,
		`INSERT INTO nodes (name, host, api_port, api_username, api_password, use_ssl, verify_ssl, node_type) VALUES ('n', 'h', 9092, 'u', 'p', 1, 1, 'gen4_node')`,
		`INSERT INTO shared_folders (node_id, name, directory, default_marker) VALUES (LAST_INSERT_ID(), 'inbox', '/in', 1)`,
		`SET @folder = LAST_INSERT_ID()`,
		`INSERT INTO contents (id, uuid, shared_folder_id, directory) SELECT seq, UUID(), @folder, CONCAT('/in/', seq) FROM seq_1_to_` +
			strconv.Itoa(packages),
		`INSERT INTO packages (id, uuid, title, note, sender_id, content_id, state, upload_status, total_bytes, total_files, metadata, notified_on_upload,
			notified_on_download, notified_on_receipt, error_desc, release_date, released_at, upload_completed_at)
			SELECT seq, UUID(), CONCAT('Dailies of day ', seq, ' ', SUBSTRING(MD5(seq), 1, 8)), CONCAT('A note of some length about what is in it: ', SHA1(seq)),
			@first + seq MOD ` + strconv.Itoa(accounts) + `, seq, 'released', 'completed', seq * 7919 MOD 100000000, 1 + seq MOD 40, '{}', '[]', '[]', '[]', '',
			NOW(3), NOW(3), NOW(3) FROM seq_1_to_` + strconv.Itoa(packages),
		`INSERT INTO deliveries (package_id, account_id, shown) SELECT seq, @first + (seq * 7 + seq DIV 1000 + 1) MOD ` +
			strconv.Itoa(accounts) + `, 2 FROM seq_1_to_` + strconv.Itoa(packages),
		`INSERT IGNORE INTO deliveries (package_id, account_id, shown) SELECT seq, @first + (seq * 13 + seq DIV 1000 + 5) MOD ` + strconv.Itoa(accounts) + `, 2 FROM seq_1_to_` + strconv.Itoa(packages),
		`ANALYZE TABLE packages, deliveries, accounts`,
	} {
		if _, err := conn.ExecContext(b.Context(), q); err != nil {
			b.Fatalf("%.60s: %v", q, err)
		}
	}
	b.Logf("%d packages made in %v", packages, time.Since(begin).Round(time.Second))
}

func BenchmarkLists(b *testing.B) {
	in := prepare(b)
	for _, list := range []struct {
		name, path string
		admin      bool
	}{
		{"inbox", "inbox/packages?limit=25", false},
		{"inbox-page-40", "inbox/packages?limit=25&offset=975", false},
		{"inbox-by-title", "inbox/packages?limit=25&sort=title", false},
		{"inbox-search", "inbox/packages?limit=25&q=first17", false},
		{"outbox", "outbox/packages?limit=25", false},
		{"own", "packages?limit=25", false},
		{"everyone", "all/packages?limit=25", true},
		{"account", "account", false},
	} {
		b.Run(list.name, func(b *testing.B) {
			ask(b, in, list.path, list.admin)
		})
	}
}

// ask has the clients ask for a list until b.N answers came, and reports how long they took.
func ask(b *testing.B, in *instance, path string, admin bool) {
	b.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	defer transport.CloseIdleConnections()
	var next atomic.Int64
	took := make([]time.Duration, b.N)
	var group sync.WaitGroup
	b.ResetTimer()
	begin, used := time.Now(), cpu(b)
	for range clients {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= b.N {
					return
				}
				token := in.tokens[i%people]
				if admin {
					token = in.admin
				}
				at := time.Now()
				if err := get(b.Context(), transport, in.url+path, token); err != nil {
					b.Error(err)
					return
				}
				took[i] = time.Since(at)
			}
		})
	}
	group.Wait()
	elapsed := time.Since(begin)
	b.ReportMetric(float64((cpu(b)-used).Microseconds())/float64(b.N), "cpu-us")
	slices.Sort(took)
	b.ReportMetric(float64(b.N)/elapsed.Seconds(), "requests/s")
	b.ReportMetric(float64(took[b.N/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[b.N*99/100].Microseconds())/1000, "p99-ms")
}

// cpu is what this process used so far: core and the clients, without the database. Other than the time it hardly
// depends on what else the machine does.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func get(ctx context.Context, transport *http.Transport, url, token string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	n, err := io.Copy(io.Discard, res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || n == 0) {
		err = fmt.Errorf("%s: %d, %d bytes", url, res.StatusCode, n)
	}
	return err
}
