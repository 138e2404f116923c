// Package config holds the manifests for kustomize; its tests build them and hold them to a real API server.
package config
