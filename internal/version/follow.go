package version

import (
	"strconv"
	"strings"

	"golang.org/x/mod/semver"
)

// Step is how one version comes after another.
type Step int

// Follows also holds of versions that are not of the form 1.2.3: they are not judged.
const (
	Follows Step = iota
	Older
	// LeavesOut: there is a major version between them.
	LeavesOut
)

// StepTo judges the way from one version to another. next is the major version to go to first when one is left out.
func StepTo(from, to string) (step Step, next int) {
	from, to = "v"+strings.TrimPrefix(from, "v"), "v"+strings.TrimPrefix(to, "v")
	if !semver.IsValid(from) || !semver.IsValid(to) {
		return Follows, 0
	}
	if semver.Compare(to, from) < 0 {
		return Older, 0
	}
	before, errBefore := strconv.Atoi(strings.TrimPrefix(semver.Major(from), "v"))
	after, errAfter := strconv.Atoi(strings.TrimPrefix(semver.Major(to), "v"))
	if errBefore == nil && errAfter == nil && after > before+1 {
		return LeavesOut, before + 1
	}
	return Follows, 0
}
