package auth

import (
	"context"
	"fmt"
	"net/http"

	"faspex.io/operator/faspex/settings"
)

// brandingPlaces are the images by the last part of their address.
var brandingPlaces = map[string]string{"logo": settings.Logo, "background": settings.Background}

// BrandingPath is the address of the image of a place, beneath the server; empty where there is none. Another image has
// another address, so that browsers may keep them.
func (s *Server) BrandingPath(ctx context.Context, name string) (string, error) {
	image, version, err := settings.Branding(ctx, s.store, brandingPlaces[name])
	if err != nil || len(image.Data) == 0 {
		return "", err
	}
	return fmt.Sprintf("%s/auth/branding/%s?v=%d", s.base, name, version), nil
}

// brand puts the images of administrators on a page.
func (s *Server) brand(ctx context.Context, view *loginView) (err error) {
	if view.Logo, err = s.BrandingPath(ctx, "logo"); err != nil {
		return err
	}
	view.Background, err = s.BrandingPath(ctx, "background")
	return err
}

// showBranding answers with an image, to everybody: the login page shows it. An SVG image that is opened by itself runs
// nothing.
func (s *Server) showBranding(w http.ResponseWriter, r *http.Request) {
	image, _, err := settings.Branding(r.Context(), s.store, brandingPlaces[r.PathValue("name")])
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if len(image.Data) == 0 {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", image.Type)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if r.URL.Query().Get("v") != "" {
		h.Set("Cache-Control", "public, max-age=86400")
	}
	_, _ = w.Write(image.Data) // a failed write means the browser has gone
}
