// Package dockerfile reads the final stages of a Dockerfile: those that start FROM scratch and only copy files
// and describe the image. It is strict: whatever such a stage says that this package does not understand is an
// error, so that an image that is assembled from it never differs silently from the one that a container
// engine builds. It runs nothing.
package dockerfile

import (
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// Copy is one COPY of a file or of a folder's content.
type Copy struct {
	Stage    string // that it copies from
	Source   string // absolute path in that stage
	Dest     string // absolute path in the image
	Mode     int64  // of --chmod; -1 keeps the source's
	UID, GID int
}

// Stage is a final stage.
type Stage struct {
	Name       string
	Copies     []Copy
	User       string
	Entrypoint []string
	Cmd        []string
	Env        []string
	Labels     map[string]string
	WorkingDir string
}

// Parse returns the stages that start FROM scratch, in their order. args override the
// defaults of their ARG instructions.
func Parse(r io.Reader, args map[string]string) ([]Stage, error) {
	ast, err := parser.Parse(r)
	if err != nil {
		return nil, fmt.Errorf("parse the Dockerfile: %w", err)
	}
	all, _, err := instructions.Parse(ast.AST, nil)
	if err != nil {
		return nil, fmt.Errorf("parse the Dockerfile: %w", err)
	}
	var final []Stage
	for _, s := range all {
		if s.BaseName != "scratch" {
			continue
		}
		stage, err := interpret(s, ast.EscapeToken, args)
		if err != nil {
			return nil, fmt.Errorf("stage %s: %w", s.Name, err)
		}
		final = append(final, stage)
	}
	return final, nil
}

// interpreter goes through the instructions of one stage.
type interpreter struct {
	stage Stage
	lex   *shell.Lex
	given map[string]string // arguments given from outside
	vars  map[string]string // arguments and environment so far
}

func interpret(s instructions.Stage, escape rune, args map[string]string) (Stage, error) {
	i := &interpreter{
		stage: Stage{Name: s.Name, Labels: map[string]string{}},
		lex:   shell.NewLex(escape), given: args, vars: map[string]string{},
	}
	for _, c := range s.Commands {
		if e, ok := c.(instructions.SupportsSingleWordExpansion); ok {
			if err := e.Expand(i.expand); err != nil {
				return Stage{}, fmt.Errorf("%s: %w", c.Name(), err)
			}
		}
		if err := i.apply(c); err != nil {
			return Stage{}, err
		}
	}
	return i.stage, nil
}

func (i *interpreter) expand(word string) (string, error) {
	var env []string
	for k, v := range i.vars {
		env = append(env, k+"="+v)
	}
	out, unmatched, err := i.lex.ProcessWord(word, shell.EnvsFromSlice(env))
	if err == nil && len(unmatched) > 0 {
		err = fmt.Errorf("%q uses a variable that has no value", word)
	}
	return out, err
}

func (i *interpreter) apply(c instructions.Command) error {
	switch c := c.(type) {
	case *instructions.ArgCommand:
		for _, a := range c.Args {
			if v, ok := i.given[a.Key]; ok {
				i.vars[a.Key] = v
			} else if a.Value != nil {
				i.vars[a.Key] = *a.Value
			}
		}
	case *instructions.LabelCommand:
		for _, l := range c.Labels {
			i.stage.Labels[l.Key] = l.Value
		}
	case *instructions.EnvCommand:
		for _, e := range c.Env {
			i.vars[e.Key] = e.Value
			i.stage.Env = append(i.stage.Env, e.Key+"="+e.Value)
		}
	case *instructions.UserCommand:
		i.stage.User = c.User
	case *instructions.WorkdirCommand:
		i.stage.WorkingDir = path.Join("/", i.stage.WorkingDir, c.Path)
	case *instructions.EntrypointCommand:
		if c.PrependShell {
			return fmt.Errorf("line of ENTRYPOINT: an image FROM scratch has no shell: use the JSON form")
		}
		i.stage.Entrypoint = c.CmdLine
	case *instructions.CmdCommand:
		if c.PrependShell {
			return fmt.Errorf("line of CMD: an image FROM scratch has no shell: use the JSON form")
		}
		i.stage.Cmd = c.CmdLine
	case *instructions.CopyCommand:
		return i.copy(c)
	default:
		return fmt.Errorf("%s is not supported in a final stage", strings.ToUpper(c.Name()))
	}
	return nil
}

func (i *interpreter) copy(c *instructions.CopyCommand) error {
	switch {
	case c.From == "":
		return fmt.Errorf("%s: only COPY --from a build stage is supported", c)
	case len(c.SourceContents) > 0 || len(c.ExcludePatterns) > 0 || c.Parents:
		return fmt.Errorf("%s: here-documents, --exclude and --parents are not supported", c)
	case len(c.SourcePaths) != 1 || strings.ContainsAny(c.SourcePaths[0], "*?["):
		return fmt.Errorf("%s: exactly one source without wildcards is supported", c)
	case strings.HasSuffix(c.DestPath, "/"):
		return fmt.Errorf("%s: the destination must be the full path", c)
	}
	cp := Copy{
		Stage: c.From, Source: path.Join("/", c.SourcePaths[0]),
		Dest: path.Join("/", i.stage.WorkingDir, c.DestPath), Mode: -1,
	}
	if path.IsAbs(c.DestPath) {
		cp.Dest = path.Clean(c.DestPath)
	}
	if c.Chmod != "" {
		mode, err := strconv.ParseInt(c.Chmod, 8, 64)
		if err != nil {
			return fmt.Errorf("%s: --chmod must be octal", c)
		}
		cp.Mode = mode
	}
	if c.Chown != "" {
		if n, err := fmt.Sscanf(c.Chown, "%d:%d", &cp.UID, &cp.GID); n != 2 || err != nil {
			return fmt.Errorf("%s: --chown must be two numbers", c)
		}
	}
	i.stage.Copies = append(i.stage.Copies, cp)
	return nil
}
