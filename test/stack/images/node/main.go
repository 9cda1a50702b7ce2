// The node program of the stand-in for rancher/k3s: see README.md. One binary under many names: argv[0], or else the
// first argument, says which part it plays.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	kubectl "k8s.io/kubectl/pkg/cmd"
	kubectlutil "k8s.io/kubectl/pkg/cmd/util"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	kubeproxy "k8s.io/kubernetes/cmd/kube-proxy/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

const usage = "usage: k3s server|agent|kubectl|ctr|crictl|kube-apiserver|kube-controller-manager|kube-scheduler|kubelet|kube-proxy"

func main() {
	name := filepath.Base(os.Args[0])
	if name == "k3s" {
		if len(os.Args) < 2 {
			fail(errors.New(usage))
		}
		name = os.Args[1]
		os.Args = os.Args[1:]
	}
	if command := kubernetesComponent(name); command != nil {
		os.Exit(cli.Run(command))
	}
	switch name {
	case "server", "agent":
		if err := runNode(name, os.Args[1:]); err != nil {
			logf(levelFatal, "%v", err)
			os.Exit(1)
		}
	case "kubectl":
		runKubectl()
	case "ctr":
		fail(execCtr(os.Args[1:]))
	case "crictl":
		if err := runCrictl(os.Args[1:]); err != nil {
			fail(err)
		}
	case "--version", "-v", "version":
		fmt.Println("k3s version v1.34.3+standin1 (stand-in: upstream Kubernetes v1.34.3)")
	default:
		fail(fmt.Errorf("k3s: unknown command %q\n%s", name, usage))
	}
}

func kubernetesComponent(name string) *cobra.Command {
	switch name {
	case "kube-apiserver":
		return apiserver.NewAPIServerCommand()
	case "kube-controller-manager":
		return controllermanager.NewControllerManagerCommand()
	case "kube-scheduler":
		return scheduler.NewSchedulerCommand()
	case "kubelet":
		return kubelet.NewKubeletCommand(context.Background())
	case "kube-proxy":
		return kubeproxy.NewProxyCommand()
	}
	return nil
}

func runKubectl() {
	if os.Getenv("KUBECONFIG") == "" {
		if _, err := os.Stat(adminKubeconfig); err == nil {
			os.Setenv("KUBECONFIG", adminKubeconfig)
		}
	}
	if err := cli.RunNoErrOutput(kubectl.NewDefaultKubectlCommand()); err != nil {
		kubectlutil.CheckErr(err)
	}
}

// execCtr replaces this process by containerd's client, pointed at the node's containerd.
func execCtr(args []string) error {
	os.Setenv("CONTAINERD_ADDRESS", containerdSocket)
	if os.Getenv("CONTAINERD_NAMESPACE") == "" {
		os.Setenv("CONTAINERD_NAMESPACE", "k8s.io")
	}
	return syscall.Exec(ctrProgram, append([]string{"ctr"}, args...), os.Environ())
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
