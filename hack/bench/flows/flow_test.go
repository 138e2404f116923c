package flows

import (
	"testing"
	"time"
)

func TestBetween(t *testing.T) {
	began := time.Unix(1000, 0)
	at := func(s float64) time.Time { return began.Add(time.Duration(s * 1e9)) }
	o := Outcome{Series: []Sample{{at(0), 0}, {at(1), 1000}, {at(3), 2000}}}
	for _, c := range []struct{ from, to, want float64 }{
		{0, 1, 8000}, {1, 3, 4000}, {0.5, 2, (1500 - 500) * 8 / 1.5}, {1, 5, 2000}, {-1, 1, 4000}, {2, 2, 0}, {3, 4, 0},
	} {
		if got := o.Between(at(c.from), at(c.to)); got != c.want {
			t.Errorf("between %v and %v s: %v bit/s, want %v", c.from, c.to, got, c.want)
		}
	}
	if got := (Outcome{}).Between(at(0), at(1)); got != 0 {
		t.Errorf("without a series: %v", got)
	}
}

func TestGoodput(t *testing.T) {
	if got := (Outcome{Bytes: 1000, Seconds: 2}).Goodput(); got != 4000 {
		t.Errorf("%v bit/s, want 4000", got)
	}
	if got := (Outcome{Bytes: 1000}).Goodput(); got != 0 {
		t.Errorf("in no time: %v bit/s, want 0", got)
	}
}

func TestReadIperf(t *testing.T) {
	var o Outcome
	began := time.Unix(1000, 0)
	err := o.readIperf([]byte(`{"intervals":[{"sum":{"end":1.0,"bytes":500}},{"sum":{"end":2.0,"bytes":700}}],
		"end":{"sum_received":{"bytes":1200,"seconds":2.0}}}`), began)
	if err != nil {
		t.Fatal(err)
	}
	if o.Bytes != 1200 || o.Seconds != 2 || len(o.Series) != 2 ||
		o.Series[1] != (Sample{began.Add(2 * time.Second), 1200}) {
		t.Errorf("%+v", o)
	}
	for name, text := range map[string]string{"broken": `{`, "failed": `{"error":"unable to connect"}`,
		"empty": `{"end":{}}`} {
		if err := new(Outcome).readIperf([]byte(text), began); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
