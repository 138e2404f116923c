package transfer

import (
	"path/filepath"
	"testing"

	"faspex.io/operator/dataplane/engine"
	"faspex.io/operator/dataplane/transfer/chunk"
	"faspex.io/operator/dataplane/transfer/control"
)

// lastMoment is an engine to which data is pushed while others see whether there can be more.
type lastMoment struct {
	memSender
	sender *sender
	closed bool
	early  bool
}

func (l *lastMoment) Push(engine.Range) error {
	l.sender.closeIfDecided()
	l.early = l.early || l.closed
	return nil
}

func (l *lastMoment) CloseSend() { l.closed = true }

// The data of the last file must not be cut off by whoever looks between its answer and its push.
func TestDataIsNotClosedWhileItIsPushed(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "f"), noise(1, 3<<20))
	for name, answer := range map[string]func(s *sender) error{
		"all": func(s *sender) error { return s.want(&control.Want{}) },
		"rest": func(s *sender) error {
			return s.answerHave(t.Context(), s.file(0), &control.Have{Ranges: []chunk.Range{{Length: chunk.Size}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := pipe()
			go func() {
				for peer := control.NewReader(b); ; {
					if _, err := peer.Read(); err != nil {
						return
					}
				}
			}()
			options, err := Normalize(control.Options{})
			if err != nil {
				t.Fatal(err)
			}
			s := newSender(newConn(a), []Root{{Tree: HostTree{}, Path: dir}}, options)
			defer s.conn.close()
			data := &lastMoment{sender: s}
			s.data = data
			if err := s.list(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := answer(s); err != nil {
				t.Fatal(err)
			}
			if data.early || !data.closed {
				t.Errorf("closed while data was pushed: %t, closed in the end: %t", data.early, data.closed)
			}
		})
	}
}
