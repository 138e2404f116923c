package charts_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// TestAlertRules sees that the chart has the rules, that they ask for metrics that the operator has, and that the page
// they link to speaks of them.
func TestAlertRules(t *testing.T) {
	if rule := render(t, operatorChart, "default")["PrometheusRule release-faspex-operator"]; rule != nil {
		t.Error("rules are rendered though nobody asked for them")
	}
	rule := render(t, operatorChart, "default", "--set",
		"metrics.prometheusRule.enabled=true")["PrometheusRule release-faspex-operator"]
	if rule == nil {
		t.Fatal("no rules")
	}
	groups, _, err := unstructured.NestedSlice(rule.Object, "spec", "groups")
	if err != nil || len(groups) == 0 {
		t.Fatalf("groups are %v (%v)", groups, err)
	}
	code, err := os.ReadFile("../controllers/faspexinstance/backupmetrics.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/backup.md")
	if err != nil {
		t.Fatal(err)
	}
	metric := regexp.MustCompile(`faspex_[a-z_]+`)
	for _, group := range groups {
		for _, r := range group.(map[string]any)["rules"].([]any) {
			rule := r.(map[string]any)
			for _, name := range metric.FindAllString(fmt.Sprint(rule["expr"]), -1) {
				if !strings.Contains(string(code), `"`+name+`"`) {
					t.Errorf("%s asks for %s, which there is not", rule["alert"], name)
				}
			}
			if !strings.Contains(string(page), fmt.Sprint(rule["alert"])) {
				t.Errorf("docs/backup.md does not speak of %s", rule["alert"])
			}
		}
	}
}
