// Package version says which release of the project a program was built from. It knows nothing else.
package version

// Version is set by the linker (-X faspex.io/operator/internal/version.Version=...); "dev" is a build without it.
var Version = "dev"
