// Package argocd holds the health script for Argo CD. Put it into the ConfigMap argocd-cm once for each kind, under
// resource.customizations.health.faspex.io_<Kind>.
package argocd
