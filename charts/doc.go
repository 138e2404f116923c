// Package charts holds the Helm charts; its tests render them and hold them to the definitions, the role and a real API
// server.
package charts
