package main

import (
	"reflect"
	"testing"
)

func noEnvironment(string) string { return "" }

func TestOptionsComeFromFlagsInBothForms(t *testing.T) {
	o := parseOptions([]string{
		"--tls-san", "0.0.0.0", "--tls-san=example.test,10.0.0.1", "--node-label", "a=b", "--disable=coredns,traefik",
		"--kubelet-arg=v=4", "--cluster-init", "--token", "secret",
	}, noEnvironment, "Node-0")
	if o.token != "secret" || o.nodeName != "node-0" {
		t.Fatalf("token %q, node name %q", o.token, o.nodeName)
	}
	if want := []string{"0.0.0.0", "example.test", "10.0.0.1"}; !reflect.DeepEqual(o.tlsSANs, want) {
		t.Errorf("names of the certificate: %v", o.tlsSANs)
	}
	if want := []string{"a=b"}; !reflect.DeepEqual(o.nodeLabels, want) {
		t.Errorf("labels: %v", o.nodeLabels)
	}
	if !o.disables("traefik") || o.disables("local-storage") {
		t.Errorf("disabled: %v", o.disabled)
	}
	if want := []string{"--v=4"}; !reflect.DeepEqual(o.extraArgs["kubelet"], want) {
		t.Errorf("arguments of the kubelet: %v", o.extraArgs)
	}
	if len(o.ignored) != 0 {
		t.Errorf("ignored: %v", o.ignored)
	}
}

func TestFlagsWinOverTheEnvironment(t *testing.T) {
	environment := func(name string) string {
		return map[string]string{"K3S_TOKEN": "from environment", "K3S_URL": "https://server:6443"}[name]
	}
	o := parseOptions([]string{"--token=from flag"}, environment, "n")
	if o.token != "from flag" || o.serverURL != "https://server:6443" {
		t.Errorf("token %q, server %q", o.token, o.serverURL)
	}
}

func TestUnknownFlagsAreNamed(t *testing.T) {
	o := parseOptions([]string{"--flannel-backend=none", "--snapshotter", "native"}, noEnvironment, "n")
	if want := []string{"flannel-backend", "snapshotter"}; !reflect.DeepEqual(o.ignored, want) {
		t.Errorf("ignored: %v", o.ignored)
	}
}
