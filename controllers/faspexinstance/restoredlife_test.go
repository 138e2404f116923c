package faspexinstance

import (
	"encoding/base64"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/go-sql-driver/mysql"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/accesskey"
	desirednode "faspex.io/operator/controllers/desired/transfernode"
	nodeclient "faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/token"
	"faspex.io/operator/dataplane/transferspec"
	"faspex.io/operator/faspex/api"
	"faspex.io/operator/internal/backup"
	"faspex.io/operator/test/faspextest"
	"faspex.io/operator/test/mariadbd"
	"faspex.io/operator/test/s3d"
)

// life is what people have in an instance, and what they still need after it moved.
type life struct {
	files  string // the storage of the node: it moves by itself
	token  string // an access token of Grace's
	spec   transferspec.Spec
	sent   api.Package
	nodeID string
}

// TestRestoredInstanceServesItsPeople (operator-3, with TestRestoreIsRefused and internal/backup's
// TestRestoreRefusesBeforeAnythingIsChanged for keys that do not fit): an instance with real programs is lived in, backed
// up to a bucket, and restored in another namespace, which reads nothing but the bucket and the key, as another cluster
// would. Core, the migration and the service of the restored instance are the real programs with what their pods are
// given: people log in, old tokens open, the package that was sent arrives from the node, and the node takes its access
// key.
func TestRestoredInstanceServesItsPeople(t *testing.T) {
	t.Parallel()
	s := &source{bench: newBench(t), s3: s3d.Start(t), identity: identity(t)}
	instance := s.external("lived")
	s.realPrograms(instance)
	instance.Spec.Backup = s.bucket(s.s3, s.identity)
	s.create(instance)
	wantReady(t, s.settle())
	l := &life{files: t.TempDir()}
	s.live(l)
	s.create(&v1alpha1.FaspexBackup{ObjectMeta: metav1.ObjectMeta{Name: "move", Namespace: s.namespace},
		Spec: v1alpha1.FaspexBackupSpec{InstanceRef: v1alpha1.ObjectReference{Name: "demo"}}})
	s.settle()
	if s.get("move", &s.backup); s.backup.Status.CompletionTime == nil {
		t.Fatalf("the backup is %+v", s.backup.Status)
	}

	b, restored := s.restoreTo("moved")
	b.realPrograms(restored)
	b.create(restored)
	wantReady(t, b.settle())
	b.create(b.node("site"))
	b.goesOn(l)
}

// live has two people, a node and a package in the instance.
func (b *bench) live(l *life) {
	t := b.t
	b.create(b.node("site"))
	names := desirednode.NamesOf("site")
	key := make([]byte, token.KeySize)
	copy(key, "a key of the node")
	for name, data := range map[string]map[string][]byte{
		names.TokenKeys: {desirednode.TokenKeyActive: []byte("k1"), "k1": []byte(base64.StdEncoding.EncodeToString(key))},
		names.NodeUser:  {desirednode.NodeUserUsername: []byte("node"), desirednode.NodeUserPassword: []byte("Node-Secret-1")},
	} {
		b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: b.namespace}, Data: data})
	}
	b.sql("CREATE DATABASE " + backup.NodeDatabase(b.namespace, "site"))
	node := b.runNode(l)
	core := b.operator(b.program("demo-core"))
	if err := core.Configure(t.Context(), map[string]any{"users_can_send_to_all_faspex_users": true}); err != nil {
		t.Fatal(err)
	}
	made, err := core.CreateNode(t.Context(), node.Change("site"))
	if err != nil {
		t.Fatal(err)
	}
	l.nodeID = made.ID
	if err := node.Client(t).CreateDirectory(t.Context(), "/packages"); err != nil {
		t.Fatal(err)
	}
	folder, err := core.CreateSharedFolder(t.Context(), made.ID,
		api.SharedFolderChange{Name: new("packages"), Directory: new("/packages")})
	if err != nil {
		t.Fatal(err)
	}
	if err := core.MakeDefaultInbox(t.Context(), made.ID, folder.ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ada@example.com", "grace@example.com"} {
		if _, err := core.CreateAccount(t.Context(), api.AccountChange{Name: &name, Email: &name, FirstName: new("A"),
			LastName: new("B"), Role: new("user")}); err != nil {
			t.Fatal(err)
		}
	}
	ada, grace := core.As("ada@example.com"), core.As("grace@example.com")
	if l.token, err = grace.Token(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.sent, err = ada.CreatePackage(t.Context(), api.PackageCreate{Title: "Footage",
		Recipients: []api.RecipientName{{Name: "grace@example.com"}}})
	if err != nil {
		t.Fatal(err)
	}
	if l.spec, err = ada.UploadSpec(t.Context(), l.sent.ID, []string{"files"}); err != nil {
		t.Fatal(err)
	}
	session := node.Begin(t, l.spec)
	node.Write(t, filepath.Join(faspextest.PackageFolder(l.sent), "a.txt"), "1234567890")
	session.Progress(10, 10, 1)
	session.Finish(t, "")

	_, err = node.Client(t).CreateAccessKey(t.Context(), nodeclient.AccessKey{ID: "uploads", Secret: "a secret of the key",
		Storage: &nodeclient.Storage{Type: "local", Path: "/packages"}})
	if err != nil {
		t.Fatal(err)
	}
	object := &v1alpha1.AccessKey{ObjectMeta: metav1.ObjectMeta{Name: "uploads", Namespace: b.namespace},
		Spec: v1alpha1.AccessKeySpec{TransferNodeRef: v1alpha1.ObjectReference{Name: "site"},
			Storage: v1alpha1.AccessKeyStorage{Local: &v1alpha1.LocalStorage{Path: "/packages"}}}}
	b.create(object)
	b.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: accesskey.SecretName(object), Namespace: b.namespace},
		StringData: map[string]string{"id": "uploads", "secret": "a secret of the key"}})
}

// runNode runs the Node API of the TransferNode with the Secrets and the database that it has in this namespace.
func (b *bench) runNode(l *life) *faspextest.Node {
	names := desirednode.NamesOf("site")
	server := mariadbd.Start(b.t)
	config := mysql.NewConfig()
	config.Net, config.Addr = "tcp", net.JoinHostPort(server.Host, strconv.Itoa(server.Port))
	config.User, config.Passwd = "root", mariadbd.RootPassword
	config.DBName = backup.NodeDatabase(b.namespace, "site")
	user := dataOf(b, names.NodeUser)
	return faspextest.StartNodeOf(b.t, faspextest.NodeState{Database: config, Dir: l.files, Keys: b.tokenKeys(),
		User: string(user[desirednode.NodeUserUsername]), Password: string(user[desirednode.NodeUserPassword])})
}

func (b *bench) tokenKeys() token.Keys {
	data := dataOf(b, desirednode.NamesOf("site").TokenKeys)
	active := string(data[desirednode.TokenKeyActive])
	key, err := base64.StdEncoding.DecodeString(string(data[active]))
	if err != nil {
		b.t.Fatal(err)
	}
	return token.Keys{Active: active, ByID: map[string][]byte{active: key}}
}

// goesOn sees that people find in this instance what they had in the other.
func (b *bench) goesOn(l *life) {
	t := b.t
	node := b.runNode(l)
	address := b.program("demo-core")
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address+"/aspera/faspex/api/v5/account", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+l.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Errorf("a token of before: %d", response.StatusCode)
	}
	core := b.operator(address)
	if tried, err := core.TestNode(t.Context(), l.nodeID); err != nil || tried.Status != "completed" {
		t.Errorf("core cannot open the node's password: %s, %v", tried.Status, err)
	}
	// The node has another address: its controller tells that.
	change := node.Change("site")
	if _, err := core.UpdateNode(t.Context(), l.nodeID, api.NodeChange{Host: change.Host, APIPort: change.APIPort,
		PublicKey: change.PublicKey, APIPassword: change.APIPassword}); err != nil {
		t.Fatal(err)
	}
	b.program("demo-service")
	grace := core.As("grace@example.com")
	b.await("the package that was on its way arrives", func() bool {
		got, err := grace.Packages(t.Context(), "inbox")
		return err == nil && len(got) == 1 && got[0].ID == l.sent.ID && got[0].Title == "Footage"
	})
	if _, err := grace.DownloadSpec(t.Context(), l.sent.ID, nil); err != nil {
		t.Errorf("it cannot be taken: %v", err)
	}
	ring, err := token.NewKeyring(b.tokenKeys())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ring.Open(l.spec.Token); err != nil {
		t.Errorf("a transfer token of before: %v", err)
	}
	given := dataOf(b, "uploads-access-key")
	key := node.ClientAs(t, string(given["id"]), string(given["secret"]))
	if list, err := key.Browse(t.Context(), nodeclient.BrowseRequest{Path: "/"}); err != nil || len(list.Items) == 0 {
		t.Errorf("the access key: %v, %v", list, err)
	}
}
