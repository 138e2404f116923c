package dockerfile

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const text = `
FROM golang AS build
RUN anything
FROM scratch AS one
ARG VERSION=dev
LABEL version=$VERSION title="a b"
ENV HOME=/home
WORKDIR /work
COPY --from=build --chmod=0755 --chown=1:2 /out/one one
COPY --from=build /tree /srv
USER 65532:65532
ENTRYPOINT ["/one", "serve"]
CMD ["--all"]
`
	got, err := Parse(strings.NewReader(text), map[string]string{"VERSION": "1.2.3"})
	if err != nil {
		t.Fatal(err)
	}
	want := []Stage{{
		Name: "one",
		Copies: []Copy{
			{Stage: "build", Source: "/out/one", Dest: "/work/one", Mode: 0o755, UID: 1, GID: 2},
			{Stage: "build", Source: "/tree", Dest: "/srv", Mode: -1},
		},
		User: "65532:65532", Entrypoint: []string{"/one", "serve"}, Cmd: []string{"--all"},
		Env: []string{"HOME=/home"}, Labels: map[string]string{"version": "1.2.3", "title": "a b"}, WorkingDir: "/work",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("stages (-want +got):\n%s", diff)
	}
}

func TestParseRefusesWhatItCannotAssemble(t *testing.T) {
	for name, line := range map[string]string{
		"a command":             `RUN true`,
		"a download":            `ADD https://example.com/x /x`,
		"the build context":     `COPY x /x`,
		"a wildcard":            `COPY --from=build /out/* /bin`,
		"several sources":       `COPY --from=build /a /b /bin/`,
		"a folder to copy into": `COPY --from=build /a /bin/`,
		"symbolic modes":        `COPY --from=build --chmod=u+x /a /b`,
		"an account's name":     `COPY --from=build --chown=root /a /b`,
		"a shell":               `ENTRYPOINT /one`,
		"a health check":        `HEALTHCHECK CMD ["/one"]`,
		"an unset variable":     `LABEL version=$NOPE`,
		"a volume":              `VOLUME /data`,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := Parse(strings.NewReader("FROM scratch AS one\n"+line+"\n"), nil); err == nil {
				t.Errorf("%s was accepted: %+v", line, got)
			}
		})
	}
}
