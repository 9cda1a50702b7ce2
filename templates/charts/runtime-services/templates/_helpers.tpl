{{/* Argument: { root, service }. */}}
{{- define "runtime-services.selectorLabels" -}}
app.kubernetes.io/name: {{ .service.id | quote }}
app.kubernetes.io/instance: {{ .root.Release.Name | quote }}
{{- end -}}

{{/* Without the chart's version: a new chart that changes nothing else must not restart the services. */}}
{{- define "runtime-services.podLabels" -}}
{{ include "runtime-services.selectorLabels" . }}
app.kubernetes.io/component: runtime-service
app.kubernetes.io/part-of: runtime-services
app.kubernetes.io/managed-by: {{ .root.Release.Service | quote }}
{{- end -}}

{{- define "runtime-services.labels" -}}
{{- $chart := .root.Chart -}}
helm.sh/chart: {{ printf "%s-%s" $chart.Name $chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{ include "runtime-services.podLabels" . }}
{{- end -}}

{{/* An env list from a map. Everything becomes a string; numbers keep their notation (1000000, not 1e+06). */}}
{{- define "runtime-services.env" -}}
{{- range $name, $value := . }}
- name: {{ $name | quote }}
  value: {{ if kindIs "string" $value }}{{ $value | toJson }}{{ else }}{{ $value | toJson | quote }}{{ end }}
{{- end }}
{{- end -}}
