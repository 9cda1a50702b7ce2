package main

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
)

// writeFile replaces a file in one step, so that whoever watches it never reads half of it.
func writeFile(path string, content []byte, mode os.FileMode) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(temporary, content, mode); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

// writeKubeconfig writes a kubeconfig for one server and one client certificate, all data inside.
func writeKubeconfig(path string, mode os.FileMode, server string, ca *authority, client keyPair) error {
	certificate, err := os.ReadFile(client.certificate)
	if err != nil {
		return err
	}
	key, err := os.ReadFile(client.key)
	if err != nil {
		return err
	}
	content := fmt.Sprintf(`apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    server: %s
    certificate-authority-data: %s
contexts:
- name: default
  context: {cluster: default, user: default}
current-context: default
users:
- name: default
  user:
    client-certificate-data: %s
    client-key-data: %s
`, server, encode(ca.certificatePEM), encode(certificate), encode(key))
	return writeFile(path, []byte(content), mode)
}

func encode(content []byte) string { return base64.StdEncoding.EncodeToString(content) }
