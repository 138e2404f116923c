package rotation_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"faspex.io/operator/api/v1alpha1"
	"faspex.io/operator/controllers/rotation"
)

func TestDue(t *testing.T) {
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(text string) map[string]string { return map[string]string{v1alpha1.RotateAtAnnotation: text} }
	daily := &v1alpha1.Rotation{Every: &metav1.Duration{Duration: 24 * time.Hour},
		Overlap: &metav1.Duration{Duration: time.Hour}}
	for _, test := range []struct {
		name        string
		spec        *v1alpha1.Rotation
		annotations map[string]string
		age         time.Duration
		due         bool
		wait        time.Duration
	}{
		{"nothing said", nil, nil, 1000 * time.Hour, false, 0},
		{"young", daily, nil, 23 * time.Hour, false, time.Hour},
		{"old", daily, nil, 24 * time.Hour, true, time.Second},
		{"a time to come", daily, at("2026-01-01T12:00:00Z"), 11 * time.Hour, false, time.Hour},
		{"a time that has come", daily, at("2026-01-01T12:00:00Z"), 12 * time.Hour, true, time.Second},
		{"a time alone", nil, at("2026-01-01T13:00:00+01:00"), 12 * time.Hour, true, time.Second},
		{"a time before", nil, at("2025-12-31T12:00:00Z"), 12 * time.Hour, false, 0},
		{"the very time", nil, at("2026-01-01T00:00:00Z"), 12 * time.Hour, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := rotation.Of(test.spec, test.annotations)
			if err != nil {
				t.Fatal(err)
			}
			now := made.Add(test.age)
			if due, wait := s.Due(made, now), s.Wait(made, now); due != test.due || wait != test.wait {
				t.Errorf("due %v, wait %v", due, wait)
			}
		})
	}
	if s, err := rotation.Of(daily, at("soon")); err == nil || s.Every != 24*time.Hour || s.Overlap != time.Hour {
		t.Errorf("%+v, %v", s, err)
	}
}
