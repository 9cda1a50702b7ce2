package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// What an agent needs to join: the authority, readable with the join token.
const joinManifest = `apiVersion: v1
kind: Secret
metadata: {name: stand-in-ca, namespace: kube-system}
data: {tls.crt: %[1]s, tls.key: %[2]s}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: stand-in-join, namespace: kube-system}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [stand-in-ca], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: stand-in-join, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: stand-in-join}
subjects: [{kind: User, name: %[3]s, apiGroup: rbac.authorization.k8s.io}]
`

const dnsManifest = "coredns.yaml"

// writeManifests puts the bundled manifests and the join secret where k3s has its own, for applyManifests.
func writeManifests(o *options, ca *authority) error {
	join := fmt.Appendf(nil, joinManifest, encode(ca.certificatePEM), encode(ca.keyPEM), joinUser)
	if err := writeFile(filepath.Join(manifestDir, "join.yaml"), join, 0o600); err != nil {
		return err
	}
	bundled, err := filepath.Glob(bundledDir + "/manifests/*.yaml")
	if err != nil {
		return err
	}
	for _, file := range bundled {
		name := filepath.Base(file)
		if o.disables(strings.TrimSuffix(name, ".yaml")) {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := writeFile(filepath.Join(manifestDir, name), content, 0o644); err != nil {
			return err
		}
		if name == dnsManifest {
			// k3d waits for these words and then writes its host names into this file.
			logf(levelInfo, "Cluster dns configmap is in %s", manifestDir)
		}
	}
	return nil
}

// applyManifests applies every manifest of the folder, and again whenever its content changes.
func applyManifests(ctx context.Context) {
	applied := map[string][sha256.Size]byte{}
	for ctx.Err() == nil {
		if err := applyChanged(applied); err != nil {
			logf(levelError, "Manifests: %v", err)
		}
		sleep(ctx, 500*time.Millisecond)
	}
}

func applyChanged(applied map[string][sha256.Size]byte) error {
	files, err := filepath.Glob(manifestDir + "/*.yaml")
	if err != nil {
		return err
	}
	sums := map[string][sha256.Size]byte{}
	arguments := []string{"--kubeconfig", adminKubeconfig, "apply", "--server-side", "--force-conflicts", "--validate=false"}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(content)
		if applied[file] == sum || len(bytes.TrimSpace(content)) == 0 {
			continue
		}
		sums[file] = sum
		arguments = append(arguments, "-f", file)
	}
	if len(sums) == 0 {
		return nil
	}
	if text, err := output("/bin/kubectl", arguments...); err != nil {
		return errors.New(text)
	}
	for file, sum := range sums {
		applied[file] = sum
		logf(levelInfo, "Applied manifest %s", file)
	}
	return nil
}
