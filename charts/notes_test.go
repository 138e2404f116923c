package charts_test

import (
	"strings"
	"testing"
)

// notes is what helm tells after an installation.
func notes(t *testing.T, chart string, args ...string) string {
	t.Helper()
	all := append([]string{"install", "release", chart, "--namespace", "media", "--dry-run=client"}, args...)
	out, stderr, err := helm(t, all...)
	if err != nil {
		t.Fatalf("helm install: %v\n%s", err, stderr)
	}
	_, text, found := strings.Cut(out, "NOTES:")
	if !found {
		t.Fatalf("no notes in %s", out)
	}
	return text
}

func TestNotesTellWhatIsTrueOfTheValues(t *testing.T) {
	url := []string{"--set", "instance.externalURL=https://faspex.example.com/"}
	given := append([]string{"--set", "instance.admin.secretRef.name=our-admin"}, url...)
	for _, test := range []struct {
		name            string
		args            []string
		tells, tellsNot []string
	}{
		{
			"smallest", url,
			[]string{"https://faspex.example.com/aspera/faspex/", "get secret release-admin", "nobody can send", "-o wide"},
			[]string{"pod-security"},
		},
		{"administrator of our own", given, []string{"get secret our-admin"}, []string{"release-admin"}},
		{"whole", instanceValues, []string{"transfernode/main", "enforce=privileged"}, []string{"nobody can send"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			text := notes(t, faspexChart, test.args...)
			for _, part := range test.tells {
				if !strings.Contains(text, part) {
					t.Errorf("lacks %q:\n%s", part, text)
				}
			}
			for _, part := range test.tellsNot {
				if strings.Contains(text, part) {
					t.Errorf("has %q:\n%s", part, text)
				}
			}
		})
	}
}
