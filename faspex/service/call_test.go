package service_test

import (
	"encoding/json"

	"faspex.io/operator/faspex/client"
)

type jsonRaw = json.RawMessage

// answered makes a call, wants a status and reads the answer.
func (s *scene) answered(c *client.Client, want int, method, path string, body any) map[string]any {
	s.t.Helper()
	status, text := (&post{in: s.in}).call(s.t, c, method, path, body)
	if status != want {
		s.t.Fatalf("%s %s: %d, want %d: %s", method, path, status, want, text)
	}
	out := map[string]any{}
	if text != "" {
		if err := json.Unmarshal([]byte(text), &out); err != nil {
			s.t.Fatal(err)
		}
	}
	return out
}

// flat writes an answer as one text.
func flat(answer map[string]any) string {
	raw, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func ptr[T any](v T) *T { return &v }
