package settings

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Places of images, by the published words.
const (
	Logo       = "logo"
	Background = "bg"
)

// NameBranding is the document of the image of a place.
func NameBranding(place string) string { return "branding-" + place }

// Image is what administrators show in a place.
type Image struct {
	FileName string `json:"file_name"`
	Type     string `json:"type"` // of the content, as HTTP has it
	Data     []byte `json:"data"`
}

// MaxImageBytes bounds an image.
const MaxImageBytes = 2 << 20

// imageTypes are those that every browser shows.
var imageTypes = []string{"image/png", "image/jpeg", "image/gif", "image/webp"}

const svg = "image/svg+xml"

// Reasons why an image is refused; they name the fields.
var (
	ErrImageContents = errors.New("file_contents must be the image in base64")
	ErrImageSize     = fmt.Errorf("file_contents must be an image of at most %d MB", MaxImageBytes>>20)
	ErrImageType     = errors.New("file_contents must be a PNG, JPEG, GIF, WebP or SVG image")
)

// ReadImage makes an image of what was sent: base64, also as a data URL. The type is told by the content, not by the name.
func ReadImage(name, contents string) (Image, error) {
	if strings.HasPrefix(contents, "data:") {
		_, contents, _ = strings.Cut(contents, ",")
	}
	data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(contents))
	switch {
	case err != nil:
		return Image{}, ErrImageContents
	case len(data) > MaxImageBytes:
		return Image{}, ErrImageSize
	}
	kind := http.DetectContentType(data)
	if kind, _, _ := strings.Cut(kind, ";"); kind == "text/xml" || kind == "text/plain" {
		if start := bytes.TrimSpace(data); bytes.HasPrefix(start, []byte("<")) && bytes.Contains(start, []byte("<svg")) {
			return Image{name, svg, data}, nil
		}
	}
	if !slices.Contains(imageTypes, kind) {
		return Image{}, ErrImageType
	}
	return Image{name, kind, data}, nil
}

// Branding reads the image of a place and the version of its document; no data where there is none.
func Branding(ctx context.Context, from Source, place string) (Image, int64, error) {
	raw, version, err := from.Settings(ctx, NameBranding(place))
	var i Image
	if err != nil || version == 0 {
		return i, version, err
	}
	if err := json.Unmarshal(raw, &i); err != nil {
		return i, version, fmt.Errorf("read image %s: %w", place, err)
	}
	return i, version, nil
}
