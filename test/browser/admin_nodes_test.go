package browser_test

import (
	"context"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// page-75, page-90 (an administrator's nodes): a node is tried, its certificate is shown and trusted, before it is
// stored. page-76: a storage location is chosen on the node, and the next package of anybody lies in it.
var _ = journey("admin nodes", func(t *testing.T, w *world) {
	root, alice, bob := w.anAdmin(t, "Ada", "Root"), w.person(t, "Alice", "Sender"), w.person(t, "Bob", "Recipient")
	change := w.node.Change("south")
	t.Cleanup(func() { w.north(t) })
	b := w.open(t)
	b.logIn(root, "/admin/nodes-storage")
	b.heading("Nodes and storage")
	b.sees("north")
	b.checkPage("the nodes")
	b.use("Add node")
	b.heading("Add node")
	b.checkPage("a new node")
	b.typeInto("Name", "south")
	b.typeInto("Host", *change.Host)
	b.tabTo("Port of the Node API")
	value[any](b, `document.activeElement.select()`)
	b.keys(strconv.Itoa(*change.APIPort))
	b.until("have the port", `document.activeElement.value === `+quote(strconv.Itoa(*change.APIPort)))
	b.typeInto("User name", *change.APIUsername)
	b.typeInto("Password", "wrong")
	b.use("Test and add")

	// The node's own certificate is known to nobody yet.
	b.sees("The node was not reached", "The certificate of the node is not trusted.", "Fingerprint (SHA-256)",
		"Compare the fingerprint")
	b.checkPage("a node that is not trusted")
	fingerprint := value[string](b, `document.querySelector('.cds--modal.is-visible .admin-code').innerText`)
	if len(fingerprint) != 95 || strings.Count(fingerprint, ":") != 31 {
		t.Errorf("fingerprint %q", fingerprint)
	}
	if nodes, err := w.in.Admin.Nodes(t.Context()); err != nil || len(nodes) != 1 {
		t.Errorf("a test stored %d nodes, %v", len(nodes), err)
	}
	b.use("Trust this certificate")
	b.sees("The node refused the user name or the password.")
	b.use("Back to the form")
	b.until("keep what was typed", `document.getElementById('name').value === 'south'`)
	value[any](b, `{const e = document.getElementById('api_password'); e.focus(); e.select()}`)
	b.keys(*change.APIPassword)
	b.use("Test and add")
	b.sees("The certificate of the node is not trusted.")
	b.use("Trust this certificate")
	b.sees("The node answers", "User name and password are right.")
	b.checkPage("a node that answers")
	b.use("Save")
	b.toast("The node was added")
	b.heading("south")
	b.sees("Reached", "No storage locations")
	south, err := w.in.Admin.NodeByName(t.Context(), "south")
	if err != nil || south.Status != "completed" || !south.VerifySSL || south.PublicKey == nil ||
		strings.TrimSpace(*south.PublicKey) != strings.TrimSpace(*change.PublicKey) {
		t.Errorf("stored: %+v, %v", south, err)
	}
	b.at("/admin/nodes-storage/" + south.ID + "/storage")

	// faspex-U13 (by the page): how much space the node has.
	b.until("see its space", `/[0-9.,]+.?[KMGT]iB free of [0-9.,]+.?[KMGT]iB, [0-9.,]+.?[KMGT]iB used/.test(document.body.innerText)`)

	// A folder is made and chosen on the node.
	b.startTop()
	b.use("Create storage location")
	b.heading("Create storage location")
	b.typeInto("Name", "big disk")
	b.use("Browse")
	b.sees("Choose a folder", "packages")
	b.checkPage("the folders of a node")
	b.typeInto("New folder", "team ä")
	b.keys(kb.Enter)
	b.until("be in the new folder",
		`document.querySelector('.cds--modal.is-visible .cds--breadcrumb').innerText.includes('team ä')`)
	b.sees("No folders in here")
	b.use("Choose this folder")
	b.until("have chosen it", `document.getElementById('directory').value === '/team ä'`)
	b.tabTo("Default inbox")
	if value[bool](b, `document.getElementById('default_inbox').ariaChecked === 'false'`) {
		b.keys(kb.Enter)
	}
	b.checkPage("a new storage location")
	b.use("Create")
	b.toast("The storage location was created")
	b.sees("big disk", "/team ä", "Default inbox")
	b.checkPage("the storage locations")
	p := w.sent(t, alice, "To the big disk", bob)
	spec, err := alice.UploadSpec(t.Context(), p.ID, []string{"x"})
	if err != nil || !strings.HasPrefix(spec.DestinationRoot, "/team ä/") {
		t.Errorf("the next package lies in %q, %v", spec.DestinationRoot, err)
	}

	// The addresses are those of the guide.
	b.press("big disk")
	b.heading("big disk")
	folder, err := w.in.Admin.SharedFolderByName(t.Context(), south.ID, "big disk")
	if err != nil {
		t.Fatal(err)
	}
	b.at("/admin/nodes-storage/" + south.ID + "/storage/" + folder.ID + "/profile")
	b.checkPage("a storage location")
	b.replace("#directory", "/not there")
	b.press("Save")
	b.sees("The directory is not there.")
	b.replace("#directory", "/team ä")
	b.replace("#name", "bigger disk")
	b.press("Save")
	b.toast("The storage location was saved")

	// What has packages is not removed, and the server says why.
	b.press("Remove")
	b.sees("Remove bigger disk?", "It is the default inbox: nobody can send packages")
	b.use("Remove")
	b.sees("The storage location was not removed", "still in use")
	b.press("Cancel")

	// A node that nobody answers for is stored only by "proceed anyway", and is marked.
	closed, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := closed.Addr().(*net.TCPAddr).Port
	closed.Close()
	b.goTo("/admin/nodes-storage/new")
	b.heading("Add node")
	b.enter("#name", "away")
	b.enter("#host", "127.0.0.1")
	b.replace("#api_port", strconv.Itoa(port))
	b.enter("#api_username", "u")
	b.enter("#api_password", "p")
	b.press("Test and add")
	b.sees("The node refused the connection.")
	b.press("Proceed anyway")
	b.heading("away")
	b.sees("Not reached")
	if away, err := w.in.Admin.NodeByName(t.Context(), "away"); err != nil || away.Status != "failed" {
		t.Errorf("proceed anyway: %+v, %v", away, err)
	}
	b.press("Connection")
	b.sees("The last call failed: The node refused the connection.")
	b.checkPage("a node")
	b.press("Remove")
	b.sees("Remove away?")
	b.use("Remove")
	b.toast("away was removed")
	b.at("/admin/nodes-storage")

	b.goTo("/admin/health")
	b.heading("Health")
	b.sees("Answers", "north", "south")
	b.press("Test south")
	b.toast("south answers")
	b.checkPage("the health")
	b.goTo("/admin/configuration")
	b.heading("Configuration")
	b.sees("Default inbox", "FaspexInstance")
	b.checkPage("the configuration")
	b.press("Open the storage location")
	b.heading("bigger disk")
	b.clean("400", "409")
})

// north makes the folder of the first node the default again, where the other journeys look for their packages.
func (w *world) north(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	north, err := w.in.Admin.NodeByName(ctx, "north")
	if err != nil {
		t.Fatal(err)
	}
	folder, err := w.in.Admin.SharedFolderByName(ctx, north.ID, "packages of north")
	if err != nil {
		t.Fatal(err)
	}
	if err := w.in.Admin.MakeDefaultInbox(ctx, north.ID, folder.ID); err != nil {
		t.Fatal(err)
	}
}
