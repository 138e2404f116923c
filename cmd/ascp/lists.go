package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"faspex.io/operator/dataplane/transfer/fail"
	"faspex.io/operator/dataplane/transferspec"
)

// lists reads the file that names sources: one a line, or sources and destinations on alternate lines. "-" is standard
// input.
func (d *draft) lists() error {
	name := d.fileList
	if d.pairList != "" {
		if d.fileList != "" {
			return errors.New("--file-list and --file-pair-list exclude each other")
		}
		name, d.pairs = d.pairList, true
	}
	text, err := readList(name)
	if err != nil {
		return fail.New(fail.NoSuchFile, "the list of files can't be read: %w", err)
	}
	lines, err := listLines(text)
	if err != nil {
		return fail.New(fail.Usage, "the list of files %s can't be read: %w", name, err)
	}
	d.options.CreateDir = true // As published: a list has a folder as its destination.
	if !d.pairs {
		d.sources = append(d.sources, sourcesOf(lines)...)
		return nil
	}
	pairs, err := pairsOf(lines)
	if err != nil {
		return fail.New(fail.Usage, "%s: %w", name, err)
	}
	d.sources = append(d.sources, pairs...)
	return nil
}

func readList(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(name)
}

// listLines are the lines of a list without their ends, which are those of any system, and without a byte order mark.
func listLines(text []byte) ([]string, error) {
	for _, mark := range []string{"\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return nil, errors.New("it is UTF-16, save it as UTF-8")
		}
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	if bytes.IndexByte(text, 0) >= 0 {
		return nil, errors.New("it holds a NUL byte, so it is no list of names")
	}
	var lines []string
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		lines = append(lines, strings.TrimSuffix(line, "\r"))
	}
	return lines, nil
}

// sourcesOf leaves out empty lines, and lines that were there before: the file is the same one.
func sourcesOf(lines []string) []transferspec.Path {
	var out []transferspec.Path
	seen := map[string]bool{}
	for _, line := range lines {
		if line != "" && !seen[line] {
			seen[line] = true
			out = append(out, transferspec.Path{Source: line})
		}
	}
	return out
}

// pairsOf leaves out empty lines between pairs, and pairs that were there before. An empty line within a pair is an
// error: to leave it out would pair the lines behind it wrongly.
func pairsOf(lines []string) ([]transferspec.Path, error) {
	var out []transferspec.Path
	seen := map[transferspec.Path]bool{}
	for i := 0; i < len(lines); i++ {
		p := transferspec.Path{Source: lines[i]}
		if p.Source == "" {
			continue
		}
		if i++; i == len(lines) {
			return nil, fmt.Errorf(
				"line %d: %q has no destination, an odd number of lines: a source and a destination alternate", i, p.Source)
		}
		if p.Destination = lines[i]; p.Destination == "" {
			return nil, fmt.Errorf("line %d is empty where the destination of %q is wanted", i+1, p.Source)
		}
		if !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	return out, nil
}
