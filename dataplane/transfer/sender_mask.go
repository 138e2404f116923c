package transfer

import (
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// maskEntry gives an entry another name, if names are to be masked.
func (s *sender) maskEntry(e *found) {
	if s.mask == nil {
		return
	}
	switch e.Kind {
	case control.KindFolder:
		e.Path = s.mask.Folder(e.Path)
	case control.KindLink:
		e.Entry = control.Entry{Kind: control.KindFailed, Path: s.mask.File(e.Path), Code: uint32(fail.NotRegular),
			Text: e.Path + ": a symbolic link is not sent where names are masked"}
	default:
		e.Path = s.mask.File(e.Path)
	}
}
