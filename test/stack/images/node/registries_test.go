package main

import (
	"testing"

	"sigs.k8s.io/yaml"
)

func TestMirrorsBecomeHosts(t *testing.T) {
	var config registries
	if err := yaml.Unmarshal([]byte(`
mirrors:
  registry.vapp.internal:5000:
    endpoint: [http://k3d-one-registry:5000]
  docker.io:
    endpoint: [https://mirror.test]
  "*":
    endpoint: [http://all:5000]
configs:
  mirror.test:
    tls: {insecure_skip_verify: true}
`), &config); err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]string{
		"registry.vapp.internal:5000": `server = "https://registry.vapp.internal:5000"
[host."http://k3d-one-registry:5000"]
  capabilities = ["pull", "resolve"]
`,
		"docker.io": `server = "https://registry-1.docker.io"
[host."https://mirror.test"]
  capabilities = ["pull", "resolve"]
  skip_verify = true
`,
		"*": `[host."http://all:5000"]
  capabilities = ["pull", "resolve"]
`,
	} {
		if got := config.hostsFile(host); got != want {
			t.Errorf("%s:\n%s", host, got)
		}
	}
}
