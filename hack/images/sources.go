package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"faspex.io/operator/hack/images/archive"
	"faspex.io/operator/hack/images/dockerfile"
)

// programs are what the stage `programs` of the Dockerfile builds.
var programs = []string{"operator", "faspex", "hsts", "ascp", "mailbox"}

// sources says where on this machine the results of the Dockerfile's build stages are.
type sources struct {
	Programs     string // folder of the built programs
	Web          string // folder of the built page
	Certificates string // bundle of the public authorities
}

func localSources(root string) sources {
	return sources{
		Programs:     filepath.Join(root, "bin"),
		Web:          filepath.Join(root, "faspex", "ui", "web", "dist"),
		Certificates: "/etc/ssl/certs/ca-certificates.crt",
	}
}

// locate maps a path of a build stage to a path of this machine.
func (s sources) locate(stage, source string) (string, error) {
	switch {
	case stage == "programs" && strings.HasPrefix(source, "/out/"):
		return filepath.Join(s.Programs, strings.TrimPrefix(source, "/out/")), nil
	case stage == "web" && source == "/src/dist":
		return s.Web, nil
	case stage == "modules" && source == "/etc/ssl/certs/ca-certificates.crt":
		return s.Certificates, nil
	}
	return "", fmt.Errorf("no local counterpart of %s in stage %s is known", source, stage)
}

// webStamp is a note of the local build of the page; it is not a part of the page.
const webStamp = ".inputs"

// files lists what a stage's image holds.
func (s sources) files(stage dockerfile.Stage) ([]archive.File, error) {
	var files []archive.File
	for _, c := range stage.Copies {
		local, err := s.locate(c.Stage, c.Source)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(local)
		if err != nil {
			return nil, fmt.Errorf("%s of stage %s is not built: %w", c.Source, c.Stage, err)
		}
		if !info.IsDir() {
			if c.Mode < 0 {
				return nil, fmt.Errorf("COPY %s: a file needs --chmod: this machine's mode means nothing", c.Source)
			}
			files = append(files, archive.File{Path: c.Dest, Source: local, Mode: c.Mode, UID: c.UID, GID: c.GID})
			continue
		}
		below, err := tree(local, c)
		if err != nil {
			return nil, err
		}
		files = append(files, below...)
	}
	return files, nil
}

// tree lists a folder. The build stage has made its modes u=rwX,go=rX, so they are the
// same here whatever the umask was.
func tree(local string, c dockerfile.Copy) ([]archive.File, error) {
	var files []archive.File
	err := filepath.WalkDir(local, func(p string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(local, p)
		if err != nil || rel == webStamp {
			return err
		}
		f := archive.File{Path: filepath.Join(c.Dest, rel), Mode: c.Mode, UID: c.UID, GID: c.GID}
		switch {
		case e.IsDir():
			f.Dir = true
			if c.Mode < 0 {
				f.Mode = 0o755
			}
		case e.Type().IsRegular():
			f.Source = p
			if c.Mode < 0 {
				f.Mode = 0o644
			}
		default:
			return fmt.Errorf("%s is neither a file nor a folder", p)
		}
		files = append(files, f)
		return nil
	})
	return files, err
}

// buildPrograms builds all programs in one go, as the Dockerfile does.
func buildPrograms(ctx context.Context, root, version string) error {
	args := []string{
		"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X faspex.io/operator/internal/version.Version=" +
			version,
		"-o", filepath.Join(root, "bin") + "/",
	}
	for _, p := range programs {
		args = append(args, "./cmd/"+p)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// buildWeb builds the page unless it is current.
func buildWeb(ctx context.Context, root string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(root, "hack", "web-build.sh"))
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	if err != nil {
		return errors.Join(fmt.Errorf("build the page: %w", err), errors.New(string(out)))
	}
	return nil
}
