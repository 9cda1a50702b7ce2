package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// runNode is `k3s server` and `k3s agent`. It returns after SIGTERM or SIGINT, when all components have ended.
func runNode(role string, args []string) error {
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	s := &supervisor{ctx: ctx, cancel: cancel}
	defer s.stop()
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	o := parseOptions(args, os.Getenv, hostname)
	logf(levelInfo, "Starting the stand-in for k3s (upstream Kubernetes) as %s %s", role, o.nodeName)
	for _, name := range o.ignored {
		logf(levelWarning, "The flag --%s is not known to this stand-in and is ignored", name)
	}
	ip, err := nodeIP()
	if err != nil {
		return err
	}
	containerd := make(chan error, 1)
	go func() { containerd <- startContainerd(s) }()
	prepareNetwork()

	switch {
	case role == "agent" && o.serverURL == "":
		err = errors.New("an agent needs the server's address in K3S_URL")
	case role == "agent":
		err = runAgent(s, o, ip, containerd)
	case o.serverURL != "":
		err = errors.New("this stand-in has one server only: add nodes as agents")
	default:
		err = runServer(s, o, ip, containerd)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
