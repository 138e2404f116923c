package core

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"

	"faspex.io/operator/faspex/settings"
)

// brandingImage is an image as it is published.
type brandingImage struct {
	Style        string `json:"style" enum:"logo,bg,header_logo"`
	ImagePath    string `json:"image_path" doc:"where everybody reads it; empty for the product's own"`
	LoginLabel   string `json:"login_label"`
	FileName     string `json:"file_name"`
	FileContents string `json:"file_contents" doc:"base64"`
}

type brandingChange struct {
	FileName     string `json:"file_name" maxLength:"255"`
	FileContents string `json:"file_contents" maxLength:"3000000" doc:"base64, or a data URL; empty for the product's own"`
}

// registerBranding adds the images that administrators show: the logo, and the background of the login page
// (faspex-AE7: TestBranding). Header and instructions of the login are settings.
func (s *Server) registerBranding() {
	const what = "image"
	for name, place := range map[string]string{"logo": settings.Logo, "background": settings.Background} {
		path := v5 + "/configuration/branding/" + name
		register(s, operation{method: http.MethodGet, path: path, id: "get-branding-" + name, what: what, access: anyone,
			summary: "Read the " + name},
			func(ctx context.Context, _ *struct{}) (*body[brandingImage], error) {
				return s.branding(ctx, name, place)
			})
		register(s, operation{method: http.MethodPut, path: path, id: "update-branding-" + name, what: what, access: configurers,
			summary: "Show another " + name},
			func(ctx context.Context, in *struct{ Body brandingChange }) (*body[brandingImage], error) {
				if err := s.putBranding(ctx, place, in.Body); err != nil {
					return nil, err
				}
				return s.branding(ctx, name, place)
			})
	}
}

func (s *Server) branding(ctx context.Context, name, place string) (*body[brandingImage], error) {
	c, err := s.auth.Configuration(ctx)
	if err != nil {
		return nil, err
	}
	image, _, err := settings.Branding(ctx, s.store, place)
	if err != nil {
		return nil, err
	}
	path, err := s.auth.BrandingPath(ctx, name)
	return answerWith(brandingImage{Style: place, ImagePath: path, LoginLabel: c.LoginLabel, FileName: image.FileName,
		FileContents: base64.StdEncoding.EncodeToString(image.Data)}), err
}

func (s *Server) putBranding(ctx context.Context, place string, c brandingChange) error {
	var image settings.Image
	if c.FileContents != "" {
		var err error
		if image, err = settings.ReadImage(c.FileName, c.FileContents); err != nil {
			for _, known := range []error{settings.ErrImageContents, settings.ErrImageSize, settings.ErrImageType} {
				if errors.Is(err, known) {
					return badField(sentence(err), "file_contents")
				}
			}
			return err
		}
	}
	_, version, err := settings.Branding(ctx, s.store, place)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(image)
	if err != nil {
		return err
	}
	return s.store.PutSettings(ctx, settings.NameBranding(place), version, raw, caller(ctx).ID)
}
