package main

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"time"
)

const apiServerStartLimit = 3 * time.Minute

var adminSubject = subject{user: "system:admin", groups: []string{"system:masters"}}

// controlPlane holds the credentials of one server.
type controlPlane struct {
	ca, requestHeaderCA                          *authority
	serving, kubeletClient, proxyClient, admin   keyPair
	controllerManagerKubeconfig, schedulerConfig string
	tokenFile, serviceAccountKey                 string
}

// runServer runs the control plane and a worker node beside it.
func runServer(s *supervisor, o *options, ip net.IP, containerd <-chan error) error {
	if o.token == "" {
		number, err := randomNumber()
		if err != nil {
			return err
		}
		o.token = number.Text(16)
	}
	plane, err := prepareControlPlane(o, ip)
	if err != nil {
		return err
	}
	api, err := certificateClient(localAPIServer, plane.ca, plane.admin)
	if err != nil {
		return err
	}
	if err := writeManifests(o, plane.ca); err != nil {
		return err
	}
	etcd, err := startEtcd(s.ctx, filepath.Join(serverDir, "db", "etcd"))
	if err != nil {
		return err
	}
	defer etcd.Close()
	// The components stop before their store does.
	defer s.stop()
	s.start("kube-apiserver", "/bin/kube-apiserver", plane.apiServerArgs(o, ip)...)
	if err := api.waitReady(s.ctx, apiServerStartLimit); err != nil {
		return err
	}
	s.start("kube-controller-manager", "/bin/kube-controller-manager", plane.controllerManagerArgs(o)...)
	if err := <-containerd; err != nil {
		return err
	}
	// The first node of an empty cluster is given the first range; knowing it, its pods need not wait.
	if err := writeCNIConfig(firstPodCIDR); err != nil {
		return err
	}
	worker := &workerNode{supervisor: s, options: o, server: localAPIServer, ca: plane.ca, ip: ip, podCIDR: firstPodCIDR}
	if err := worker.start(api); err != nil {
		return err
	}
	s.start("kube-scheduler", "/bin/kube-scheduler", plane.schedulerArgs(o)...)
	go applyManifests(s.ctx)
	go balanceServices(s.ctx, api, o.nodeName)
	if o.kubeconfigOutput != "" {
		if err := writeKubeconfig(o.kubeconfigOutput, 0o644, localAPIServer, plane.ca, plane.admin); err != nil {
			return err
		}
	}
	logf(levelInfo, "k3s is up and running")
	<-s.ctx.Done()
	logf(levelInfo, "Shutting down")
	return nil
}

func prepareControlPlane(o *options, ip net.IP) (*controlPlane, error) {
	ca, err1 := loadAuthority(serverTLSDir, "ca", "stand-in-ca")
	requestHeaderCA, err2 := loadAuthority(serverTLSDir, "request-header-ca", "stand-in-request-header-ca")
	p := &controlPlane{
		ca:                          ca,
		requestHeaderCA:             requestHeaderCA,
		serviceAccountKey:           filepath.Join(serverTLSDir, "service.key"),
		controllerManagerKubeconfig: filepath.Join(serverCredDir, "controller.kubeconfig"),
		schedulerConfig:             filepath.Join(serverCredDir, "scheduler.kubeconfig"),
		tokenFile:                   filepath.Join(serverCredDir, "tokens.csv"),
	}
	if err := errors.Join(err1, err2, ensureServiceAccountKey(p.serviceAccountKey)); err != nil {
		return nil, err
	}
	var controllerManager, scheduler keyPair
	for _, leaf := range []struct {
		pair    *keyPair
		ca      *authority
		name    string
		subject subject
	}{
		{&p.serving, ca, "serving-kube-apiserver", servingSubject(o, ip)},
		{&p.kubeletClient, ca, "client-kube-apiserver", subject{user: "system:apiserver", groups: []string{"system:masters"}}},
		{&p.proxyClient, requestHeaderCA, "client-auth-proxy", subject{user: "system:auth-proxy"}},
		{&p.admin, ca, "client-admin", adminSubject},
		{&controllerManager, ca, "client-controller", subject{user: "system:kube-controller-manager"}},
		{&scheduler, ca, "client-scheduler", subject{user: "system:kube-scheduler"}},
	} {
		pair, err := leaf.ca.issue(serverTLSDir, leaf.name, leaf.subject)
		if err != nil {
			return nil, err
		}
		*leaf.pair = pair
	}
	token := fmt.Sprintf("%s,%s,%s\n", o.token, joinUser, joinUser)
	return p, errors.Join(
		writeKubeconfig(p.controllerManagerKubeconfig, 0o600, localAPIServer, ca, controllerManager),
		writeKubeconfig(p.schedulerConfig, 0o600, localAPIServer, ca, scheduler),
		writeKubeconfig(adminKubeconfig, 0o600, localAPIServer, ca, p.admin),
		writeFile(p.tokenFile, []byte(token), 0o600),
	)
}

func servingSubject(o *options, ip net.IP) subject {
	s := subject{
		user: "kube-apiserver",
		dns: []string{
			"kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local",
			"localhost", o.nodeName,
		},
		ips: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4zero, ip, net.ParseIP(apiServiceIP)},
	}
	for _, name := range o.tlsSANs {
		if address := net.ParseIP(name); address != nil {
			s.ips = append(s.ips, address)
		} else if name != "" {
			s.dns = append(s.dns, name)
		}
	}
	return s
}

func (p *controlPlane) apiServerArgs(o *options, ip net.IP) []string {
	return append([]string{
		"--etcd-servers=" + etcdClientURL,
		"--secure-port=6443",
		"--bind-address=0.0.0.0",
		"--advertise-address=" + ip.String(),
		"--allow-privileged=true",
		"--authorization-mode=Node,RBAC",
		"--enable-admission-plugins=NodeRestriction",
		"--service-cluster-ip-range=" + serviceCIDR,
		"--service-node-port-range=30000-32767",
		"--client-ca-file=" + filepath.Join(serverTLSDir, "ca.crt"),
		"--tls-cert-file=" + p.serving.certificate,
		"--tls-private-key-file=" + p.serving.key,
		"--kubelet-certificate-authority=" + filepath.Join(serverTLSDir, "ca.crt"),
		"--kubelet-client-certificate=" + p.kubeletClient.certificate,
		"--kubelet-client-key=" + p.kubeletClient.key,
		"--kubelet-preferred-address-types=InternalIP,Hostname",
		"--service-account-issuer=" + serviceIssuer,
		"--service-account-key-file=" + p.serviceAccountKey,
		"--service-account-signing-key-file=" + p.serviceAccountKey,
		"--api-audiences=" + serviceIssuer + ",k3s",
		"--requestheader-client-ca-file=" + filepath.Join(serverTLSDir, "request-header-ca.crt"),
		"--requestheader-allowed-names=system:auth-proxy",
		"--requestheader-username-headers=X-Remote-User",
		"--requestheader-group-headers=X-Remote-Group",
		"--requestheader-extra-headers-prefix=X-Remote-Extra-",
		"--proxy-client-cert-file=" + p.proxyClient.certificate,
		"--proxy-client-key-file=" + p.proxyClient.key,
		"--token-auth-file=" + p.tokenFile,
		"--profiling=false",
	}, o.extraArgs["kube-apiserver"]...)
}

func (p *controlPlane) controllerManagerArgs(o *options) []string {
	return append(append(clientArgs(p.controllerManagerKubeconfig),
		"--allocate-node-cidrs=true",
		"--cluster-cidr="+clusterCIDR,
		"--node-cidr-mask-size=24",
		"--service-cluster-ip-range="+serviceCIDR,
		"--cluster-signing-cert-file="+filepath.Join(serverTLSDir, "ca.crt"),
		"--cluster-signing-key-file="+filepath.Join(serverTLSDir, "ca.key"),
		"--root-ca-file="+filepath.Join(serverTLSDir, "ca.crt"),
		"--service-account-private-key-file="+p.serviceAccountKey,
		"--use-service-account-credentials=true",
		// Each controller fetches credentials before it works. At the default rate the last waits four seconds.
		"--kube-api-qps=500",
		"--kube-api-burst=500",
	), o.extraArgs["kube-controller-manager"]...)
}

func (p *controlPlane) schedulerArgs(o *options) []string {
	return append(clientArgs(p.schedulerConfig), o.extraArgs["kube-scheduler"]...)
}

// clientArgs are common to the components that are clients of the API server.
func clientArgs(kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--authentication-kubeconfig=" + kubeconfig,
		"--authorization-kubeconfig=" + kubeconfig,
		"--leader-elect=false",
		"--bind-address=127.0.0.1",
		"--profiling=false",
	}
}
