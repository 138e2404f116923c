package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"faspex.io/operator/hack/images/archive"
	"faspex.io/operator/hack/images/dockerfile"
)

// repository is where released images live: ghcr.io/faspex-io/<target>:<version>.
const repository = "ghcr.io/faspex-io/"

// stages reads the images that the Dockerfile describes.
func stages(root, version string) ([]dockerfile.Stage, error) {
	f, err := os.Open(filepath.Join(root, "Dockerfile"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return dockerfile.Parse(f, map[string]string{"VERSION": version})
}

// assemble turns a stage of the Dockerfile into an image.
func assemble(stage dockerfile.Stage, src sources, version string) (archive.Image, error) {
	files, err := src.files(stage)
	if err != nil {
		return archive.Image{}, fmt.Errorf("image %s: %w", stage.Name, err)
	}
	return archive.Image{
		Refs: []string{repository + stage.Name + ":" + version}, Architecture: runtime.GOARCH, Files: files,
		User: stage.User, Entrypoint: stage.Entrypoint, Cmd: stage.Cmd, Env: stage.Env, WorkingDir: stage.WorkingDir,
		Labels: stage.Labels,
	}, nil
}

// buildImages builds the programs and the page, and assembles every image of the Dockerfile.
func buildImages(ctx context.Context, root, version string, w io.Writer) ([]string, error) {
	if err := errors.Join(buildPrograms(ctx, root, version), buildWeb(ctx, root)); err != nil {
		return nil, err
	}
	all, err := stages(root, version)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(root, "bin", "images")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var tarballs []string
	for _, s := range all {
		img, err := assemble(s, localSources(root), version)
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, s.Name+".tar")
		size, err := writeUnlessCurrent(img, file)
		if err != nil {
			return nil, err
		}
		report(w, img.Refs[0], size)
		tarballs = append(tarballs, file)
	}
	return tarballs, nil
}

func report(w io.Writer, ref string, size archive.Size) {
	const mib = 1 << 20
	fmt.Fprintf(w, "  %-48s %6.1f MiB compressed, %6.1f MiB unpacked\n", ref, float64(size.Compressed)/mib,
		float64(size.Unpacked)/mib)
}

// written is the note beside a tarball: from what it was made, and how large it came out.
type written struct {
	Inputs string       `json:"inputs"`
	Size   archive.Size `json:"size"`
}

// writeUnlessCurrent writes the tarball, unless it was made from exactly these files.
func writeUnlessCurrent(img archive.Image, file string) (archive.Size, error) {
	inputs, err := fingerprint(img)
	if err != nil {
		return archive.Size{}, err
	}
	note := file + ".json"
	if data, err := os.ReadFile(note); err == nil {
		var have written
		if _, err := os.Stat(file); err == nil && json.Unmarshal(data, &have) == nil && have.Inputs == inputs {
			return have.Size, nil
		}
	}
	size, err := img.Write(file)
	if err != nil {
		return archive.Size{}, err
	}
	data, err := json.Marshal(written{inputs, size})
	if err != nil {
		return archive.Size{}, err
	}
	return size, os.WriteFile(note, data, 0o644)
}

// fingerprint is a hash over the description of an image and the content of its files.
func fingerprint(img archive.Image) (string, error) {
	h := sha256.New()
	if err := json.NewEncoder(h).Encode(img); err != nil {
		return "", err
	}
	for _, f := range img.Files {
		if f.Source == "" {
			continue
		}
		src, err := os.Open(f.Source)
		if err != nil {
			return "", err
		}
		_, err = io.Copy(h, src)
		src.Close()
		if err != nil {
			return "", fmt.Errorf("read %s: %w", f.Source, err)
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
