package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: %[1]s/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: %[2]s
tlsPrivateKeyFile: %[3]s
cgroupDriver: cgroupfs
failSwapOn: false
failCgroupV1: false
clusterDNS: [%[4]s]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix://%[5]s
resolvConf: /etc/resolv.conf
evictionHard: {imagefs.available: "5%%", nodefs.available: "5%%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
serializeImagePulls: false
registryPullQPS: 0
kubeAPIQPS: 100
kubeAPIBurst: 200
healthzBindAddress: 127.0.0.1
syncFrequency: 10s
nodeStatusUpdateFrequency: 5s
shutdownGracePeriod: 0s
`

// conntrack values stay as the host has them: a container may not change them.
const kubeProxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: iptables
clusterCIDR: %[1]s
hostnameOverride: %[2]s
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
clientConnection: {kubeconfig: %[3]s}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
iptables: {minSyncPeriod: 100ms}
`

// workerNode runs what every node has: kubelet, kube-proxy and the pod network.
type workerNode struct {
	supervisor *supervisor
	options    *options
	server     string
	ca         *authority
	ip         net.IP
	// podCIDR is the range to begin with when it is known before the API server assigns it.
	podCIDR string
}

func (w *workerNode) start(api *apiClient) error {
	tlsDir := filepath.Join(agentDir, "tls")
	name := w.options.nodeName
	kubeletClient, err1 := w.ca.issue(tlsDir, "client-kubelet", subject{user: "system:node:" + name, groups: []string{"system:nodes"}})
	kubeletServing, err2 := w.ca.issue(tlsDir, "serving-kubelet", subject{
		user: name, dns: []string{name, "localhost"}, ips: []net.IP{w.ip, net.IPv4(127, 0, 0, 1)},
	})
	proxyClient, err3 := w.ca.issue(tlsDir, "client-kube-proxy", subject{user: "system:kube-proxy"})
	if err := errors.Join(err1, err2, err3); err != nil {
		return err
	}
	kubeletKubeconfig := filepath.Join(agentDir, "kubelet.kubeconfig")
	proxyKubeconfig := filepath.Join(agentDir, "kubeproxy.kubeconfig")
	kubeletFile, proxyFile := filepath.Join(agentDir, "kubelet.yaml"), filepath.Join(agentDir, "kube-proxy.yaml")
	if err := errors.Join(
		writeFile(filepath.Join(tlsDir, "ca.crt"), w.ca.certificatePEM, 0o644),
		writeKubeconfig(kubeletKubeconfig, 0o600, w.server, w.ca, kubeletClient),
		writeKubeconfig(proxyKubeconfig, 0o600, w.server, w.ca, proxyClient),
		writeFile(kubeletFile, fmt.Appendf(nil, kubeletConfig,
			tlsDir, kubeletServing.certificate, kubeletServing.key, clusterDNSIP, containerdSocket), 0o644),
		writeFile(proxyFile, fmt.Appendf(nil, kubeProxyConfig, clusterCIDR, name, proxyKubeconfig), 0o644),
		ensureKmsg(),
	); err != nil {
		return err
	}

	arguments := []string{
		"--config=" + kubeletFile, "--kubeconfig=" + kubeletKubeconfig, "--hostname-override=" + name,
		"--node-ip=" + w.ip.String(), "--root-dir=/var/lib/kubelet",
		"--node-labels=" + strings.Join(append([]string{"node.kubernetes.io/instance-type=k3s"}, w.options.nodeLabels...), ","),
	}
	if len(w.options.nodeTaints) > 0 {
		arguments = append(arguments, "--register-with-taints="+strings.Join(w.options.nodeTaints, ","))
	}
	w.supervisor.start("kubelet", "/bin/kubelet", append(arguments, w.options.extraArgs["kubelet"]...)...)
	w.supervisor.start("kube-proxy", "/bin/kube-proxy",
		append([]string{"--config=" + proxyFile}, w.options.extraArgs["kube-proxy"]...)...)

	network := &podNetwork{nodeName: name, podCIDR: w.podCIDR}
	go network.follow(w.supervisor.ctx, api)
	return nil
}

// ensureKmsg gives the kubelet the kernel log that it insists on reading; a container has none.
func ensureKmsg() error {
	if _, err := os.Stat("/dev/kmsg"); err == nil {
		return nil
	}
	return os.Symlink("/dev/console", "/dev/kmsg")
}

// runAgent joins the cluster of K3S_URL.
func runAgent(s *supervisor, o *options, ip net.IP, containerd <-chan error) error {
	ca, err := fetchAuthority(s.ctx, joiningClient(o.serverURL, o.token))
	if err != nil {
		return err
	}
	admin, err := ca.issue(filepath.Join(agentDir, "tls"), "client-admin", adminSubject)
	if err != nil {
		return err
	}
	if err := writeKubeconfig(adminKubeconfig, 0o600, o.serverURL, ca, admin); err != nil {
		return err
	}
	api, err := certificateClient(o.serverURL, ca, admin)
	if err != nil {
		return err
	}
	if err := <-containerd; err != nil {
		return err
	}
	worker := &workerNode{supervisor: s, options: o, server: o.serverURL, ca: ca, ip: ip}
	if err := worker.start(api); err != nil {
		return err
	}
	logf(levelInfo, "k3s agent is up and running")
	<-s.ctx.Done()
	return nil
}

// fetchAuthority reads the cluster's certificate authority, which the join token gives access to.
func fetchAuthority(ctx context.Context, api *apiClient) (*authority, error) {
	var secret struct {
		Data map[string]string `json:"data"`
	}
	for {
		err := api.get(ctx, joinSecretsPath, &secret)
		if err == nil {
			break
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		logf(levelInfo, "Waiting for the server at %s: %v", api.server, err)
		sleep(ctx, 300*time.Millisecond)
	}
	certificate, err1 := base64.StdEncoding.DecodeString(secret.Data["tls.crt"])
	key, err2 := base64.StdEncoding.DecodeString(secret.Data["tls.key"])
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	return parseAuthority(certificate, key)
}
