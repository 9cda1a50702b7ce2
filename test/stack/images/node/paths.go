package main

// Paths as k3s has them, because k3d and people look there, and addresses as k3s chooses them.
const (
	dataDir           = "/var/lib/rancher/k3s"
	agentDir          = dataDir + "/agent"
	serverDir         = dataDir + "/server"
	serverTLSDir      = serverDir + "/tls"
	serverCredDir     = serverDir + "/cred"
	manifestDir       = serverDir + "/manifests"
	bundledDir        = "/usr/share/stand-in-node"
	adminKubeconfig   = "/etc/rancher/k3s/k3s.yaml"
	registriesFile    = "/etc/rancher/k3s/registries.yaml"
	containerdDir     = agentDir + "/etc/containerd"
	containerdSocket  = "/run/k3s/containerd/containerd.sock"
	containerdProgram = "/usr/bin/containerd"
	ctrProgram        = "/usr/bin/ctr"
	cniConfigDir      = agentDir + "/etc/cni/net.d"
	componentLogDir   = "/var/log/k3s"

	clusterCIDR     = "10.42.0.0/16"
	firstPodCIDR    = "10.42.0.0/24"
	serviceCIDR     = "10.43.0.0/16"
	apiServiceIP    = "10.43.0.1"
	clusterDNSIP    = "10.43.0.10"
	localAPIServer  = "https://127.0.0.1:6443"
	etcdClientURL   = "http://127.0.0.1:2379"
	etcdPeerURL     = "http://127.0.0.1:2380"
	pauseImage      = "docker.io/rancher/mirrored-pause:3.6"
	serviceIssuer   = "https://kubernetes.default.svc.cluster.local"
	joinUser        = "stand-in-join"
	joinSecretsPath = "/api/v1/namespaces/kube-system/secrets/stand-in-ca"
)
