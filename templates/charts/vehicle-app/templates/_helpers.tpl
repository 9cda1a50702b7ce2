{{/*
A release is one app, so the release's name is the app's. A Service's name must begin with a letter and have no dots,
which a release's name need not.
*/}}
{{- define "vehicle-app.fullname" -}}
{{- $name := .Values.fullnameOverride | default .Release.Name | replace "." "-" -}}
{{- if regexMatch "^[0-9]" $name -}}
{{- $name = printf "app-%s" $name -}}
{{- end -}}
{{- $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "vehicle-app.name" -}}
{{- .Values.nameOverride | default (include "vehicle-app.fullname" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Without the name: a selector cannot be changed afterwards, and nameOverride can. */}}
{{- define "vehicle-app.selectorLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: vehicle-app
{{- end -}}

{{/* Without the chart's version: a new chart that changes nothing else must not restart the app. */}}
{{- define "vehicle-app.podLabels" -}}
app.kubernetes.io/name: {{ include "vehicle-app.name" . | quote }}
{{ include "vehicle-app.selectorLabels" . }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{- end -}}

{{- define "vehicle-app.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" | quote }}
{{ include "vehicle-app.podLabels" . }}
{{- end -}}

{{/*
The image's reference. `image` wins over `imageVehicleApp`, and a digest over a tag. A repository that ends with
`@sha256` and has the digest's hexadecimal part as its tag is pinned as well.
*/}}
{{- define "vehicle-app.image" -}}
{{- $legacy := .Values.imageVehicleApp | default dict -}}
{{- $repository := .Values.image.repository | default $legacy.repository -}}
{{- $tag := .Values.image.tag | default $legacy.tag -}}
{{- if not $repository -}}
{{- fail "image.repository is missing: it names the app's image, e.g. ghcr.io/your-organization/sampleapp." -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $repository .Values.image.digest -}}
{{- else if $tag -}}
{{- printf "%s:%s" $repository $tag -}}
{{- else -}}
{{- fail "image.digest or image.tag is missing: one of them says which version of the image to run." -}}
{{- end -}}
{{- end -}}

{{- define "vehicle-app.imagePullPolicy" -}}
{{- $legacy := .Values.imageVehicleApp | default dict -}}
{{- .Values.image.pullPolicy | default $legacy.pullPolicy | default "IfNotPresent" -}}
{{- end -}}

{{/*
The reference of the test's image, empty when there is none. A release of before this chart had tests keeps its values.
*/}}
{{- define "vehicle-app.testImage" -}}
{{- $image := (.Values.test | default dict).image | default dict -}}
{{- if $image.repository -}}
{{- if $image.digest -}}
{{- printf "%s@%s" $image.repository $image.digest -}}
{{- else if $image.tag -}}
{{- printf "%s:%s" $image.repository $image.tag -}}
{{- else -}}
{{- fail "test.image.digest or test.image.tag is missing: one of them says which version of the test's image to run." -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* An env list from a map. Everything becomes a string; numbers keep their notation (1000000, not 1e+06). */}}
{{- define "vehicle-app.env" -}}
{{- range $name, $value := . }}
- name: {{ $name | quote }}
  value: {{ if kindIs "string" $value }}{{ $value | toJson }}{{ else }}{{ $value | toJson | quote }}{{ end }}
{{- end }}
{{- end -}}
