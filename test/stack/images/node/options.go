package main

import "strings"

// options is what k3d says to a node, by flags and by environment.
type options struct {
	token            string
	serverURL        string
	kubeconfigOutput string
	nodeName         string
	tlsSANs          []string
	nodeLabels       []string
	nodeTaints       []string
	disabled         []string
	// Further arguments by component name, each with its leading dashes.
	extraArgs map[string][]string
	// Flags of k3s that this program does not know, without dashes.
	ignored []string
}

var switches = map[string]bool{"cluster-init": true}

// parseOptions reads flags in the forms --name=value, --name value and (for switches) --name. Flags win over the
// environment, as in k3s.
func parseOptions(args []string, environment func(string) string, hostname string) *options {
	o := &options{
		token:            environment("K3S_TOKEN"),
		serverURL:        environment("K3S_URL"),
		kubeconfigOutput: environment("K3S_KUBECONFIG_OUTPUT"),
		nodeName:         strings.ToLower(hostname),
		extraArgs:        map[string][]string{},
	}
	for i := 0; i < len(args); i++ {
		name, value, hasValue := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		if !hasValue && !switches[name] && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") {
			i++
			value = args[i]
		}
		o.set(name, value)
	}
	return o
}

func (o *options) set(name, value string) {
	switch name {
	case "token", "t":
		o.token = value
	case "server", "s":
		o.serverURL = value
	case "write-kubeconfig", "o":
		o.kubeconfigOutput = value
	case "node-name":
		o.nodeName = value
	case "tls-san":
		o.tlsSANs = append(o.tlsSANs, strings.Split(value, ",")...)
	case "node-label":
		o.nodeLabels = append(o.nodeLabels, value)
	case "node-taint":
		o.nodeTaints = append(o.nodeTaints, value)
	case "disable":
		o.disabled = append(o.disabled, strings.Split(value, ",")...)
	case "kubelet-arg", "kube-apiserver-arg", "kube-controller-manager-arg", "kube-scheduler-arg", "kube-proxy-arg":
		component := strings.TrimSuffix(name, "-arg")
		o.extraArgs[component] = append(o.extraArgs[component], "--"+strings.TrimLeft(value, "-"))
	default:
		if !switches[name] {
			o.ignored = append(o.ignored, name)
		}
	}
}

func (o *options) disables(manifest string) bool {
	for _, name := range o.disabled {
		if name == manifest {
			return true
		}
	}
	return false
}
