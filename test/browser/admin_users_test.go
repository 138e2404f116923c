package browser_test

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// page-74, page-90 (an administrator's users): each step is made by keys alone, and seen in the API and
// in the next click of the person.
var _ = journey("admin users", func(t *testing.T, w *world) {
	root := w.anAdmin(t, "Ada", "Root")
	b := w.open(t)
	b.logIn(root, "/admin/users")
	b.heading("Users")
	b.checkPage("the users")
	b.use("Add user")
	b.heading("Add user")
	b.checkPage("an empty user")

	// What is wrong is told at its field, which has the focus.
	b.typeInto("E-mail address", "nobody")
	b.use("Add user")
	b.sees("This is no e-mail address.")
	b.until("be at the wrong field", `document.activeElement.id === 'email'`)
	value[any](b, `document.activeElement.select()`)
	b.keys("carl.new@example.com")
	b.startTop()
	b.typeInto("First name", "Carl")
	b.typeInto("Last name", "Newcomer")
	b.use("Add user")
	b.heading("Carl Newcomer")
	b.toast("The user was added")
	b.checkPage("a user")
	carl := w.accountOf(t, "carl.new@example.com")
	if carl.FirstName != "Carl" || carl.Role != "user" || !carl.AccountActivated {
		t.Errorf("added: %+v", carl)
	}
	w.in.SetPassword(t, carl.Email, "Carls-Own-1")
	c := w.open(t)
	c.logIn(person{login: "carl.new@example.com", password: "Carls-Own-1"}, "/packages/received")

	// Permissions.
	b.startTop()
	b.tabTo("May send packages")
	b.keys(kb.Enter)
	b.use("Save")
	b.toast("The user was saved")
	if own, err := w.in.Admin.As(carl.Name).Account(t.Context()); err != nil ||
		strings.Contains(strings.Join(own.Capabilities, " "), "package.send") {
		t.Errorf("after the right to send was taken: %v, %v", own.Capabilities, err)
	}
	c.goTo("/packages/received")
	c.heading("Received")
	c.misses("New package")

	// Deactivated, Carl is out with the next click.
	b.use("Deactivate")
	b.sees("Deactivate Carl Newcomer?", "logged out at once")
	b.checkPage("the dialog")
	b.keys(kb.Escape)
	b.until("have the focus where it was", `document.activeElement.innerText === 'Deactivate'`)
	b.keys(kb.Enter)
	b.sees("Deactivate Carl Newcomer?")
	b.use("Deactivate")
	b.toast("Carl Newcomer was deactivated")
	b.sees("Inactive")
	if a := w.accountOf(t, carl.Name); a.AccountActivated || a.Status != "inactive" {
		t.Errorf("deactivated: %+v", a)
	}
	c.press("Sent")
	c.sees("Your session has ended")

	b.startTop()
	b.use("Reactivate")
	b.sees("Reactivate Carl Newcomer?")
	b.use("Reactivate")
	b.toast("Carl Newcomer was reactivated")
	if a := w.accountOf(t, carl.Name); !a.AccountActivated {
		t.Errorf("reactivated: %+v", a)
	}

	// Nobody sets Carl's password; without a mail server there is no link either, and the dialog says so.
	b.startTop()
	b.use("Send a link")
	b.sees("Send Carl Newcomer a link to set a password?")
	b.use("Send a link")
	b.sees("mail server")
	b.keys(kb.Escape)
	d := w.open(t)
	d.logIn(person{login: carl.Name, password: "Carls-Own-1"}, "/packages/received")

	b.startTop()
	b.use("Delete")
	b.sees("Delete Carl Newcomer?", "cannot be undone")
	b.use("Delete")
	b.toast("Carl Newcomer was deleted")
	b.heading("Users")
	b.at("/admin/users")
	if _, err := w.in.Admin.AccountByName(t.Context(), carl.Name); err == nil {
		t.Error("Carl is there still")
	}
	d.press("Sent")
	d.sees("Your session has ended")
	b.clean("409")
})

// page-85: the second of two admins is told what changed, keeps what was typed, and can save it over that.
var _ = journey("admin conflict", func(t *testing.T, w *world) {
	root, other := w.anAdmin(t, "Ada", "First"), w.anAdmin(t, "Bea", "Second")
	eve := w.person(t, "Eve", "Old")
	id := w.accountOf(t, eve.login).ID
	a, b := w.open(t), w.open(t)
	a.logIn(root, "/admin/users/"+id)
	b.logIn(other, "/admin/users/"+id)
	a.heading("Eve Old")
	b.heading("Eve Old")
	b.replace("#first_name", "Evelyn")
	b.replace("#description", "typed by the second")
	a.replace("#last_name", "New")
	a.replace("#first_name", "Eva")
	a.press("Save")
	a.toast("The user was saved")

	b.press("Save")
	b.sees("Somebody else changed this", "What you typed is kept", "Last name: Old → New", "First name: Eve → Eva")
	b.checkPage("the conflict")
	for field, want := range map[string]string{"first_name": "Evelyn", "description": "typed by the second",
		"last_name": "New"} {
		b.until("have "+want, `document.getElementById(`+quote(field)+`).value === `+quote(want))
	}
	if now := w.accountOf(t, eve.login); now.FirstName != "Eva" || now.LastName != "New" {
		t.Errorf("the second change was stored over the first: %+v", now)
	}
	b.press("Save")
	b.toast("The user was saved")
	b.misses("Somebody else changed this")
	now, err := w.in.Admin.AccountByName(t.Context(), eve.login)
	if err != nil || now.FirstName != "Evelyn" || now.LastName != "New" {
		t.Errorf("after both: %+v, %v", now, err)
	}
	a.clean()
	b.clean("412")
})

// page-66, page-67, page-68: what managers and users see of Admin.
var _ = journey("admin rights", func(t *testing.T, w *world) {
	manager, bob, root := w.withRole(t, "Mia", "Manager", "manager"), w.person(t, "Bob", "User"),
		w.anAdmin(t, "Ada", "Root")
	bobID := w.accountOf(t, bob.login).ID

	u := w.open(t)
	u.logIn(bob, "/packages/received")
	u.asked("")
	for _, path := range []string{"/admin/users", "/admin/users/" +
		bobID, "/admin/nodes-storage", "/admin/api-clients", "/admin/configuration", "/admin/packages", "/admin/health"} {
		u.goTo(path)
		u.heading("You may not see this page")
		for _, url := range u.asked("") {
			for _, part := range []string{"/api/v5/accounts", "/api/v5/nodes", "/oauth_clients", "UsersPage", "NodesPage",
				"ClientsPage", "ConfigurationPage", "admin-"} {
				if strings.Contains(url, part) {
					t.Errorf("%s was loaded for %s by one who may not", url, path)
				}
			}
		}
	}
	u.misses("Admin")
	u.clean()

	m := w.open(t)
	m.logIn(manager, "/admin/users")
	m.heading("Users")
	if menu := value[string](m, `document.querySelector('.cds--side-nav').innerText`); strings.Contains(menu,
		"Configuration") || strings.Contains(menu, "Nodes") || !strings.Contains(menu, "Users") {
		t.Errorf("a manager's menu: %q", menu)
	}
	m.press("Add user")
	m.heading("Add user")
	if roles := value[string](m,
		`[...document.querySelectorAll('#role option')].map(o => o.value).join()`); roles != "user" {
		t.Errorf("a manager may choose the roles %q", roles)
	}
	m.goTo("/admin/users/" + w.accountOf(t, root.login).ID)
	m.heading("Ada Root")
	m.sees("Only admins change the accounts of admins and managers.")
	if open := value[int](m,
		`document.querySelectorAll('main input:not([readonly]), main textarea:not([readonly])').length`); open != 0 {
		t.Errorf("a manager may change %d fields of an admin", open)
	}
	m.misses("Send a link", "Deactivate")
	for _, path := range []string{"/admin/nodes-storage", "/admin/configuration", "/admin/api-clients"} {
		m.goTo(path)
		m.heading("You may not see this page")
	}
	m.clean()

	// The own account: neither role nor activity can be changed, and nothing offers to delete it.
	r := w.open(t)
	r.logIn(root, "/admin/users/"+w.accountOf(t, root.login).ID)
	r.heading("Ada Root")
	r.sees("Nobody changes the own role.", "Nobody deactivates the own account.")
	r.misses("Delete", "Deactivate")
	r.clean()
})
