# syntax=docker/dockerfile:1

# All images of the project. Each final stage is FROM scratch and only copies files, so that hack/images can assemble exactly the
# same images where there is no container engine; a test holds the two together.
#
#   docker buildx build --platform linux/amd64,linux/arm64 --target operator --build-arg VERSION=0.1.0 .

FROM --platform=$BUILDPLATFORM docker.io/library/golang:1.26-bookworm AS modules
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download

FROM modules AS programs
ARG TARGETOS
ARG TARGETARCH
ARG VERSION=dev
COPY api api
COPY cmd cmd
COPY controllers controllers
COPY dataplane dataplane
COPY faspex faspex
COPY internal internal
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -buildvcs=false \
      -ldflags "-s -w -X faspex.io/operator/internal/version.Version=$VERSION" \
      -o /out/ ./cmd/operator ./cmd/faspex ./cmd/hsts ./cmd/ascp ./cmd/mailbox

FROM --platform=$BUILDPLATFORM docker.io/library/node:22-bookworm-slim AS web
WORKDIR /src
COPY faspex/ui/web/package.json faspex/ui/web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY faspex/ui/web ./
RUN npm run build && chmod -R u=rwX,go=rX dist

FROM scratch AS operator
ARG VERSION=dev
LABEL org.opencontainers.image.title="faspex-operator" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=modules --chmod=0644 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=programs --chmod=0755 /out/operator /operator
USER 65532:65532
ENTRYPOINT ["/operator"]

FROM scratch AS faspex
ARG VERSION=dev
LABEL org.opencontainers.image.title="faspex" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=modules --chmod=0644 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=programs --chmod=0755 /out/faspex /faspex
USER 65532:65532
ENTRYPOINT ["/faspex"]

FROM scratch AS ui
ARG VERSION=dev
LABEL org.opencontainers.image.title="faspex-ui" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=programs --chmod=0755 /out/faspex /faspex
COPY --from=web /src/dist /srv/ui
USER 65532:65532
ENTRYPOINT ["/faspex", "ui", "--root", "/srv/ui"]

FROM scratch AS hsts
ARG VERSION=dev
LABEL org.opencontainers.image.title="faspex-hsts" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=modules --chmod=0644 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=programs --chmod=0755 /out/hsts /hsts
USER 65532:65532
ENTRYPOINT ["/hsts"]

FROM scratch AS ascp
ARG VERSION=dev
LABEL org.opencontainers.image.title="faspex-ascp" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=modules --chmod=0644 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=programs --chmod=0755 /out/ascp /ascp
USER 65532:65532
ENTRYPOINT ["/ascp"]

# The mail server of the demo; no installation needs it.
FROM scratch AS mailbox
ARG VERSION=dev
LABEL org.opencontainers.image.title="faspex-mailbox" \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=modules --chmod=0644 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=programs --chmod=0755 /out/mailbox /mailbox
USER 65532:65532
ENTRYPOINT ["/mailbox"]
