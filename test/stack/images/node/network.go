package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const bridgeConfig = `{
  "cniVersion": "1.0.0",
  "name": "cbr0",
  "plugins": [
    {
      "type": "bridge",
      "bridge": "cni0",
      "isGateway": true,
      "ipMasq": false,
      "hairpinMode": true,
      "forceAddress": true,
      "ipam": {"type": "host-local", "ranges": [[{"subnet": "%s"}]], "routes": [{"dst": "0.0.0.0/0"}]}
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`

// prepareNetwork sets what pods need of the node's kernel: forwarding, and masquerading of what leaves the cluster.
// Failures are reported and not fatal: a kernel may have fixed a value already.
func prepareNetwork() {
	// Mounts made in a pod's volume must propagate, and a container's root is private.
	if text, err := output("mount", "--make-rshared", "/"); err != nil {
		logf(levelWarning, "/ cannot be shared: %s", text)
	}
	for _, name := range []string{
		"net/ipv4/ip_forward", "net/bridge/bridge-nf-call-iptables", "net/ipv4/conf/all/route_localnet",
	} {
		if err := os.WriteFile("/proc/sys/"+name, []byte("1"), 0o644); err != nil {
			logf(levelWarning, "%s cannot be set: %v", name, err)
		}
	}
	ensureRule("nat", "POSTROUTING", "-s", clusterCIDR, "!", "-d", clusterCIDR, "-j", "MASQUERADE")
	ensureRule("filter", "FORWARD", "-s", clusterCIDR, "-j", "ACCEPT")
	ensureRule("filter", "FORWARD", "-d", clusterCIDR, "-j", "ACCEPT")
}

func ensureRule(table, chain string, rule ...string) {
	if _, err := output("iptables", append([]string{"-w", "-t", table, "-C", chain}, rule...)...); err == nil {
		return
	}
	if text, err := output("iptables", append([]string{"-w", "-t", table, "-A", chain}, rule...)...); err != nil {
		logf(levelError, "iptables %s %s: %s", chain, strings.Join(rule, " "), text)
	}
}

// nodeIP is the IPv4 address of the first interface that Docker gave the container.
func nodeIP() (net.IP, error) {
	for _, name := range []string{"eth0", "eth1"} {
		device, err := net.InterfaceByName(name)
		if err != nil {
			continue
		}
		addresses, err := device.Addrs()
		if err != nil {
			return nil, err
		}
		for _, address := range addresses {
			if network, ok := address.(*net.IPNet); ok && network.IP.To4() != nil {
				return network.IP.To4(), nil
			}
		}
	}
	return nil, errors.New("neither eth0 nor eth1 has an IPv4 address")
}

func writeCNIConfig(podCIDR string) error {
	return writeFile(filepath.Join(cniConfigDir, "10-bridge.conflist"), fmt.Appendf(nil, bridgeConfig, podCIDR), 0o644)
}

// podNetwork follows the cluster's nodes: it gives this node's pods their range and routes to the pods of the others.
type podNetwork struct {
	nodeName string
	// The range that containerd's bridge plugin works with; empty before the first.
	podCIDR    string
	registered bool
	routes     map[string]string
}

func (p *podNetwork) follow(ctx context.Context, api *apiClient) {
	p.routes = map[string]string{}
	for ctx.Err() == nil {
		var nodes nodeList
		if err := api.get(ctx, "/api/v1/nodes", &nodes); err == nil {
			p.apply(nodes.Items)
		}
		delay := 2 * time.Second
		if !p.registered || p.podCIDR == "" {
			delay = 100 * time.Millisecond
		}
		sleep(ctx, delay)
	}
}

func (p *podNetwork) apply(nodes []node) {
	for _, n := range nodes {
		if n.Metadata.Name == p.nodeName {
			p.applyOwn(n)
		} else {
			p.applyOther(n)
		}
	}
}

func (p *podNetwork) applyOwn(n node) {
	if !p.registered {
		p.registered = true
		// k3d waits for this line of an agent.
		logf(levelInfo, "Successfully registered node %s", p.nodeName)
	}
	if n.Spec.PodCIDR == "" || n.Spec.PodCIDR == p.podCIDR {
		return
	}
	if err := writeCNIConfig(n.Spec.PodCIDR); err != nil {
		logf(levelError, "CNI configuration: %v", err)
		return
	}
	p.podCIDR = n.Spec.PodCIDR
	logf(levelInfo, "Pods of this node have addresses in %s", p.podCIDR)
}

func (p *podNetwork) applyOther(n node) {
	gateway := n.internalIP()
	if gateway == "" || n.Spec.PodCIDR == "" || p.routes[n.Spec.PodCIDR] == gateway {
		return
	}
	if text, err := output("ip", "route", "replace", n.Spec.PodCIDR, "via", gateway); err != nil {
		logf(levelWarning, "Route to the pods of %s: %s", n.Metadata.Name, text)
		return
	}
	p.routes[n.Spec.PodCIDR] = gateway
}
