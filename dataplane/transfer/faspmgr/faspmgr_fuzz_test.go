package faspmgr

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

// FuzzReadFrame reads frames until the text ends or is none, and has no name of what was read get
// lost when it is written and read.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("FASPMGR 2\nType: RATE\nRate: 1000\n\nFASPMGR 2\nType: CANCEL\n\n"))
	f.Add([]byte("FASPMGR 2\r\nType: CANCEL\r\n\r\n"))
	f.Add([]byte("FASPMGR 2\nno colon\n\n"))
	f.Add([]byte("FASPMGR 3\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := bufio.NewReader(bytes.NewReader(text))
		for {
			frame, err := ReadFrame(r)
			if err != nil {
				return
			}
			written := frame.encode()
			again, err := ReadFrame(bufio.NewReader(strings.NewReader(written)))
			if err != nil {
				t.Fatalf("%q: %v", written, err)
			}
			if again.Type != frame.Type || len(again.Fields) != len(frame.Fields) {
				t.Errorf("%+v became %+v", frame, again)
			}
		}
	})
}
