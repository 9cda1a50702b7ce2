package main

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// registries is the part of k3s's registries.yaml that is honoured.
// https://docs.k3s.io/installation/private-registry
type registries struct {
	Mirrors map[string]struct {
		Endpoint []string `json:"endpoint"`
	} `json:"mirrors"`
	Configs map[string]struct {
		TLS struct {
			InsecureSkipVerify bool `json:"insecure_skip_verify"`
		} `json:"tls"`
	} `json:"configs"`
}

// writeRegistryHosts turns registries.yaml into containerd's certs.d/<host>/hosts.toml.
func writeRegistryHosts(certsDir string) error {
	content, err := os.ReadFile(registriesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var config registries
	if err := yaml.Unmarshal(content, &config); err != nil {
		return fmt.Errorf("%s: %w", registriesFile, err)
	}
	for host := range config.Mirrors {
		dir := host
		if host == "*" {
			dir = "_default"
		}
		if err := writeFile(filepath.Join(certsDir, dir, "hosts.toml"), []byte(config.hostsFile(host)), 0o644); err != nil {
			return err
		}
	}
	return nil
}

func (r registries) hostsFile(host string) string {
	var text strings.Builder
	switch host {
	case "*":
	case "docker.io":
		text.WriteString("server = \"https://registry-1.docker.io\"\n")
	default:
		fmt.Fprintf(&text, "server = \"https://%s\"\n", host)
	}
	for _, endpoint := range r.Mirrors[host].Endpoint {
		fmt.Fprintf(&text, "[host.%q]\n  capabilities = [\"pull\", \"resolve\"]\n", endpoint)
		if parsed, err := url.Parse(endpoint); err == nil && r.Configs[parsed.Host].TLS.InsecureSkipVerify {
			text.WriteString("  skip_verify = true\n")
		}
	}
	return text.String()
}
