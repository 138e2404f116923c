package mail_test

import (
	"strings"
	"testing"

	"faspex.io/operator/faspex/mail"
)

// faspex-Z14: a value with markup shows as text, in mails of the form and in those of the HTML editor.
func TestValuesAreEscaped(t *testing.T) {
	values := map[string]string{"PACKAGE_NAME": `<img src=x onerror="alert(1)">`, "SENDER_NAME": "SERVER_ADDRESS",
		"SERVER_ADDRESS": "faspex.example.com", "PACKAGE_LINK": "https://faspex.example.com/p?a=1&b=2"}
	form := mail.Default("package_received")
	form.Introduction = "PACKAGE_NAME of SENDER_NAME, PACKAGE_LINK"
	editor := form
	editor.UseHTMLDerived = false
	editor.HTML = `<p onclick="x()">PACKAGE_NAME</p><script>alert(2)</script><a href="PACKAGE_LINK">open</a><a href="javascript:x()">y</a>`
	for name, template := range map[string]mail.Template{"form": form, "editor": editor} {
		_, _, page := template.Render("package_received", values)
		for _, bad := range []string{"<img", "<script", "alert(2)", "onclick", "javascript:"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s holds %s: %s", name, bad, page)
			}
		}
		if !strings.Contains(page, "&lt;img src=x") || !strings.Contains(page, `href="https://faspex.example.com/p?a=1&amp;b=2"`) {
			t.Errorf("%s: %s", name, page)
		}
	}
	_, text, _ := form.Render("package_received", values)
	if !strings.Contains(text, "of SERVER_ADDRESS, https://") {
		t.Errorf("a value was taken for a word: %s", text)
	}
}

func TestSubjectIsOneLine(t *testing.T) {
	template := mail.Default("package_received")
	subject, _, _ := template.Render("package_received", map[string]string{"PACKAGE_NAME": "a\r\nBcc: x@example.com", "SENDER_NAME": "Ada"})
	if subject != "Ada sent you a Bcc: x@example.com" {
		t.Errorf("%q", subject)
	}
}

// Every published type has a template.
func TestEveryTypeHasATemplate(t *testing.T) {
	if n := len(mail.Types()); n != 27 {
		t.Errorf("%d types", n)
	}
	for _, of := range mail.Types() {
		if d := mail.Default(of); d.Subject == "" || d.Introduction == "" || mail.Describe(of) == "" {
			t.Errorf("%s: %+v", of, d)
		}
	}
}
