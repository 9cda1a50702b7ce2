package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	runtimeapi "k8s.io/cri-api/pkg/apis/runtime/v1"
	cri "k8s.io/cri-client/pkg"
)

const criConnectionTimeout = 2 * time.Second

// runCrictl does the one thing of cri-tools' crictl that is asked of a node from outside: `crictl pull IMAGE`. As there,
// the kubelet's own runtime service pulls, so that a pull of the kubelet's for the same image joins it.
func runCrictl(args []string) error {
	if len(args) != 2 || args[0] != "pull" {
		return errors.New("crictl: this stand-in knows `crictl pull IMAGE` only")
	}
	images, err := cri.NewRemoteImageService("unix://"+containerdSocket, criConnectionTimeout, nil, nil)
	if err != nil {
		return fmt.Errorf("crictl: %w", err)
	}
	reference, err := images.PullImage(context.Background(), &runtimeapi.ImageSpec{Image: args[1]}, nil, nil)
	if err != nil {
		return fmt.Errorf("crictl: pulling image: %w", err)
	}
	fmt.Fprintf(os.Stdout, "Image is up to date for %s\n", reference)
	return nil
}
