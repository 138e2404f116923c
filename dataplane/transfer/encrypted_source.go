package transfer

import (
	"io"
	"io/fs"
	"os"
	"strings"

	"faspex.io/operator/dataplane/atrest"
	"faspex.io/operator/dataplane/transfer/control"
	"faspex.io/operator/dataplane/transfer/fail"
)

// sourceFile is a file that a sender reads: as it is, or as its encrypted form.
type sourceFile interface {
	io.ReaderAt
	io.Closer
	Stat() (fs.FileInfo, error)
}

// encryptEntry makes the entry of a file that of its encrypted form, if files are to be encrypted.
func (s *sender) encryptEntry(e *found) {
	e.plain = e.Size
	if s.encrypt == nil || e.Kind != control.KindFile {
		return
	}
	if e.Size = atrest.EncryptedSize(e.plain, atrest.DefaultChunk); e.Size < 0 {
		e.Entry = control.Entry{Kind: control.KindFailed, Path: e.Path, Code: uint32(fail.FileTooBig),
			Text: e.Path + ": too big to be encrypted"}
		return
	}
	e.Path += atrest.Suffix
}

// openSource opens a file of the manifest. Its encrypted form is the same each time, as long as the file is.
func (s *sender) openSource(f *sentFile) (sourceFile, error) {
	if s.encrypt == nil {
		file, err := openPlain(f)
		if err == nil && f.part != nil {
			return sourcePart{sourceFile: file, part: f.part, size: f.Size}, nil
		}
		return file, err
	}
	file, err := f.tree.Open(f.source)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(f.Path, atrest.Suffix)
	salt := s.encrypt.FileSalt(name, f.plain, f.ModTime)
	sealed, err := s.encrypt.Seal(file, f.plain, salt, atrest.DefaultChunk)
	if err != nil {
		file.Close()
		return nil, err
	}
	return &encryptedFile{Sealed: sealed, file: file}, nil
}

func openPlain(f *sentFile) (sourceFile, error) {
	if host, ok := f.tree.(HostTree); ok {
		return host.openPlain(f.source)
	}
	return f.tree.OpenContent(f.source)
}

// encryptedFile is the encrypted form of an open file.
type encryptedFile struct {
	*atrest.Sealed
	file *os.File
}

func (e *encryptedFile) Close() error { return e.file.Close() }

func (e *encryptedFile) Stat() (fs.FileInfo, error) {
	info, err := e.file.Stat()
	if err != nil {
		return nil, err
	}
	return encryptedInfo{info}, nil
}

// encryptedInfo tells the size that the encrypted form of a file has.
type encryptedInfo struct{ fs.FileInfo }

func (i encryptedInfo) Size() int64 {
	return atrest.EncryptedSize(i.FileInfo.Size(), atrest.DefaultChunk)
}
