// Package archive writes container images as tarballs that containerd and Docker load, without a container engine, a
// registry or a base image. The same files give the same bytes: owners, modes and times come from the description
// alone. It does not know where the files come from.
package archive

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
)

// File is a file, or with Dir a folder, or with Link a symbolic link, of an image.
type File struct {
	Path     string // absolute, in the image
	Source   string // on this machine
	Link     string
	Dir      bool
	Mode     int64 // permission bits
	UID, GID int
}

// Image describes an image for linux on one architecture.
type Image struct {
	Refs         []string // names with tag
	Architecture string
	Files        []File // one layer; parents that are not listed are made with mode 0755, owned by root
	RootFS       string // a tarball that is a layer below Files; empty for none
	User         string
	Entrypoint   []string
	Cmd          []string
	Env          []string
	WorkingDir   string
	Ports        []string // "3306/tcp"
	Volumes      []string
	Labels       map[string]string
	StopSignal   string
}

// Size says how much an image takes: in the tarball, compressed, and unpacked, in bytes.
type Size struct{ Compressed, Unpacked int64 }

var fixedTime = time.Unix(0, 0).UTC()

// Write writes the tarball of the image to file, whole or not at all.
func (i Image) Write(file string) (Size, error) {
	img, size, err := i.build()
	if err != nil {
		return Size{}, fmt.Errorf("assemble %s: %w", strings.Join(i.Refs, ", "), err)
	}
	tags := map[name.Tag]v1.Image{}
	for _, ref := range i.Refs {
		tag, err := name.NewTag(ref, name.StrictValidation)
		if err != nil {
			return Size{}, err
		}
		tags[tag] = img
	}
	tmp, err := os.CreateTemp(filepath.Dir(file), "."+filepath.Base(file)+"-")
	if err != nil {
		return Size{}, err
	}
	defer os.Remove(tmp.Name())
	if err := tarball.MultiWrite(tags, tmp); err != nil {
		tmp.Close()
		return Size{}, fmt.Errorf("write %s: %w", file, err)
	}
	if err := errors.Join(tmp.Chmod(0o644), tmp.Close()); err != nil {
		return Size{}, err
	}
	return size, os.Rename(tmp.Name(), file)
}

func (i Image) build() (v1.Image, Size, error) {
	var size Size
	var layers []v1.Layer
	if i.RootFS != "" {
		l, err := tarball.LayerFromFile(i.RootFS, tarball.WithCompressionLevel(gzip.BestSpeed))
		if err != nil {
			return nil, size, err
		}
		layers = append(layers, l)
		info, err := os.Stat(i.RootFS)
		if err != nil {
			return nil, size, err
		}
		size.Unpacked += info.Size()
	}
	if len(i.Files) > 0 {
		open := func() (io.ReadCloser, error) {
			r, w := io.Pipe()
			go func() { w.CloseWithError(writeLayer(w, i.Files)) }()
			return r, nil
		}
		l, err := tarball.LayerFromOpener(open, tarball.WithCompressionLevel(gzip.BestSpeed))
		if err != nil {
			return nil, size, err
		}
		layers = append(layers, l)
		for _, f := range i.Files {
			if f.Source == "" {
				continue
			}
			info, err := os.Stat(f.Source)
			if err != nil {
				return nil, size, err
			}
			size.Unpacked += info.Size()
		}
	}
	img, err := mutate.AppendLayers(empty.Image, layers...)
	if err != nil {
		return nil, size, err
	}
	for _, l := range layers {
		n, err := l.Size()
		if err != nil {
			return nil, size, err
		}
		size.Compressed += n
	}
	cf, err := img.ConfigFile()
	if err != nil {
		return nil, size, err
	}
	img, err = mutate.ConfigFile(img, i.config(cf.DeepCopy()))
	return img, size, err
}

func (i Image) config(cf *v1.ConfigFile) *v1.ConfigFile {
	cf.OS, cf.Architecture, cf.Created = "linux", i.Architecture, v1.Time{Time: fixedTime}
	for n := range cf.History {
		cf.History[n].Created = v1.Time{Time: fixedTime}
	}
	set := func(names []string) map[string]struct{} {
		if len(names) == 0 {
			return nil
		}
		m := map[string]struct{}{}
		for _, n := range names {
			m[n] = struct{}{}
		}
		return m
	}
	cf.Config = v1.Config{
		User: i.User, Entrypoint: i.Entrypoint, Cmd: i.Cmd, Env: i.Env, WorkingDir: i.WorkingDir,
		ExposedPorts: set(i.Ports), Volumes: set(i.Volumes), Labels: i.Labels, StopSignal: i.StopSignal,
	}
	return cf
}

// writeLayer writes the files, sorted, with the folders above them.
func writeLayer(w io.Writer, files []File) error {
	tw := tar.NewWriter(w)
	for _, f := range withParents(files) {
		if err := writeEntry(tw, f); err != nil {
			return fmt.Errorf("add %s: %w", f.Path, err)
		}
	}
	return tw.Close()
}

func withParents(files []File) []File {
	byPath := map[string]File{}
	for _, f := range files {
		f.Path = path.Clean("/" + f.Path)
		byPath[f.Path] = f
	}
	for _, f := range files {
		for d := path.Dir(path.Clean("/" + f.Path)); d != "/"; d = path.Dir(d) {
			if _, ok := byPath[d]; !ok {
				byPath[d] = File{Path: d, Dir: true, Mode: 0o755}
			}
		}
	}
	all := make([]File, 0, len(byPath))
	for _, f := range byPath {
		if f.Path != "/" {
			all = append(all, f)
		}
	}
	sort.Slice(all, func(a, b int) bool { return all[a].Path < all[b].Path })
	return all
}

func writeEntry(tw *tar.Writer, f File) error {
	h := &tar.Header{Name: strings.TrimPrefix(f.Path, "/"), Mode: f.Mode, Uid: f.UID, Gid: f.GID, ModTime: fixedTime,
		Format: tar.FormatPAX}
	switch {
	case f.Dir:
		h.Name, h.Typeflag = h.Name+"/", tar.TypeDir
		return tw.WriteHeader(h)
	case f.Link != "":
		h.Typeflag, h.Linkname = tar.TypeSymlink, f.Link
		return tw.WriteHeader(h)
	}
	src, err := os.Open(f.Source)
	if err != nil {
		return err
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil {
		return err
	}
	h.Typeflag, h.Size = tar.TypeReg, info.Size()
	if err := tw.WriteHeader(h); err != nil {
		return err
	}
	_, err = io.Copy(tw, src)
	return err
}
