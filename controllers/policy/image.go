package policy

import (
	"fmt"
	"regexp"
	"strings"
)

// repositoryName is a registry and a repository in it, as the reference grammar of container images has them. It has no
// element that could lead elsewhere, such as an empty one or "..".
var repositoryName = regexp.MustCompile(`^[A-Za-z0-9][-.A-Za-z0-9]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$`)

// image says whether an image may run; an empty one is the operator's own choice.
func (p Policy) image(field, image string) error {
	if image == "" || len(p.images) == 0 {
		return nil
	}
	name, full := qualify(image)
	if repositoryName.MatchString(name) {
		for _, allowed := range p.images {
			if full == allowed || beneath(name, allowed) {
				return nil
			}
		}
	}
	return fmt.Errorf("%s: %w: use an image of those of --allowed-images, "+
		"or have the operator's administrator add it there", field, ErrNotAllowed)
}

// qualify returns the repository of an image with its registry, and the same with tag and digest: nginx is
// docker.io/library/nginx.
func qualify(image string) (name, full string) {
	full = image
	first, _, _ := strings.Cut(image, "/")
	switch {
	case first == image:
		full = "docker.io/library/" + image
	case !isRegistry(first):
		full = "docker.io/" + image
	}
	name, _, _ = strings.Cut(full, "@")
	if i := strings.LastIndex(name, ":"); i > strings.LastIndex(name, "/") {
		name = name[:i]
	}
	return name, full
}

// isRegistry tells the first element of an image from the first one of a repository of docker.io.
func isRegistry(element string) bool {
	return strings.ContainsAny(element, ".:") || element == "localhost"
}

func namesRegistry(prefix string) bool {
	first, _, _ := strings.Cut(prefix, "/")
	return isRegistry(first)
}
