package core

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

// IfMatch is the header of a change: the ETag of what the change was made from. Without it the
// change is made to what is there.
type IfMatch struct {
	IfMatch string `header:"If-Match" doc:"ETag of the answer that the change starts from; when the thing is another one by now, the answer is 412"`
}

// tagged is an answer with a JSON body and the version of the thing in it.
type tagged[T any] struct {
	ETag string `header:"ETag"`
	Body T
}

func answerTagged[T any](v T, tag string) *tagged[T] { return &tagged[T]{ETag: tag, Body: v} }

// tagOf makes an entity tag of what a client can change of a thing.
func tagOf(v any) (string, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return `"` + hex.EncodeToString(sum[:16]) + `"`, nil
}

func accountTag(a store.Account) (string, error) {
	out := accountOutExpanded(a)
	// these change while nobody administers the account
	out.LastLoginTime, out.UpdatedAt, out.PasswordChangeRequired, out.LastLoginClientAddr = nil, nil, nil, nil
	return tagOf(out)
}

func nodeTag(n store.Node) (string, error) {
	out := nodeOut(n)
	out.Status, out.StatusMessage = "", ""
	return tagOf(out)
}

func folderTag(f store.SharedFolder) (string, error) { return tagOf(folderOut(f, true)) }

func groupTag(g store.Group) (string, error) { return tagOf([]any{g.Name, g.Options}) }

// profileTag is the entity tag of a metadata profile, without when it was changed.
func profileTag(p api.MetadataProfile) (string, error) {
	p.UpdatedAt = ""
	return tagOf(p)
}

// matches compares a tag with the header; an empty one matches everything.
func (h IfMatch) matches(tag string) bool { return h.IfMatch == "" || hasTag(h.IfMatch, tag) }

// fresh refuses a change that was made from another version than the one with a tag.
func (h IfMatch) fresh(what, tag string) error {
	if h.matches(tag) {
		return nil
	}
	return newProblem(http.StatusPreconditionFailed, "The "+what+" was changed by somebody else since you read it.")
}

// versionTag is the entity tag of a document of settings.
func versionTag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// changeAttempts is how often a change is begun again when another one came between its reading and its writing.
const changeAttempts = 5

// stored is how a kind of thing is read, told apart from other versions of itself, and written.
type stored[T any] struct {
	what  string
	read  func() (T, error)
	tag   func(T) (string, error)
	write func(before, after T) error
}

// change reads a thing, changes it and writes it. A change that was made from another version than there is now is
// refused; one that tells no version is made to whatever is there, and overwrites nothing that it does not name.
func change[T any](match IfMatch, of stored[T], do func(T) (T, error)) (after T, tag string, err error) {
	for range changeAttempts {
		var before T
		if before, err = of.read(); err != nil {
			return after, "", err
		}
		if tag, err = of.tag(before); err != nil {
			return after, "", err
		}
		if err = match.fresh(of.what, tag); err != nil {
			return after, "", err
		}
		if after, err = do(before); err != nil {
			return after, "", err
		}
		if err = of.write(before, after); !errors.Is(err, store.ErrChanged) {
			break
		}
	}
	if err != nil {
		return after, "", err
	}
	tag, err = of.tag(after)
	return after, tag, err
}
