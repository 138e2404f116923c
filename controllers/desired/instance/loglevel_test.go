package instance_test

import (
	"testing"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/desired/instance"
)

// faspex-AG12: every component has a log level of its own: each is told what its part of the spec says, and info unless
// that says something (TestNewLoggerLevels in faspex/process: what a level leaves out; TestGolden of transfer nodes has
// theirs).
func TestEveryComponentHasItsLogLevel(t *testing.T) {
	loud := v1alpha1.ComponentSpec{LogLevel: v1alpha1.LogLevelDebug}
	components := map[string]func(*v1alpha1.FaspexInstanceSpec){
		"CORE":    func(s *v1alpha1.FaspexInstanceSpec) { s.Core = &v1alpha1.CoreSpec{ComponentSpec: loud} },
		"SERVICE": func(s *v1alpha1.FaspexInstanceSpec) { s.Service = &v1alpha1.ServiceSpec{ComponentSpec: loud} },
		"UI":      func(s *v1alpha1.FaspexInstanceSpec) { s.UI = &loud },
		"UTILITY": func(s *v1alpha1.FaspexInstanceSpec) { s.Utility = &v1alpha1.UtilitySpec{ComponentSpec: loud} },
		"GATEWAY": func(s *v1alpha1.FaspexInstanceSpec) { s.Gateway = &v1alpha1.GatewaySpec{ComponentSpec: loud} },
		"ROUTER":  func(s *v1alpha1.FaspexInstanceSpec) { s.Router = &v1alpha1.RouterSpec{ComponentSpec: loud} },
	}
	for chosen, set := range components {
		i := minimal()
		set(&i.Spec)
		told := map[string]string{}
		for _, m := range instance.ConfigMaps(i) {
			for name, value := range m.Data {
				told[name] = value
			}
		}
		for component := range components {
			want := string(v1alpha1.LogLevelInfo)
			if component == chosen {
				want = string(v1alpha1.LogLevelDebug)
			}
			if got := told["FASPEX_"+component+"_LOG_LEVEL"]; got != want {
				t.Errorf("debug for %s: %s logs %q, want %q", chosen, component, got, want)
			}
		}
	}
}
