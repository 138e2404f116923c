{{- define "faspex.instanceName" -}}
{{- default .Release.Name .Values.instanceName -}}
{{- end -}}

{{- define "faspex.metadata" -}}
namespace: {{ .Release.Namespace }}
labels:
  helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
  app.kubernetes.io/instance: {{ .Release.Name }}
  app.kubernetes.io/part-of: faspex
  app.kubernetes.io/managed-by: {{ .Release.Service }}
  {{- with .Values.labels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- with .Values.annotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
