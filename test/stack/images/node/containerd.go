package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const containerdConfig = `version = 2
root = "%[1]s/containerd"
state = "/run/k3s/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.internal.v1.tracing"]
[grpc]
  address = "%[2]s"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%[3]s"
  enable_selinux = false
  restrict_oom_score_adj = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "10010"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    disable_snapshot_annotations = true
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "%[4]s"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "%[5]s"
`

const containerdStartLimit = time.Minute

// startContainerd starts containerd and returns when it answers and the images baked into the node are in its store.
func startContainerd(s *supervisor) error {
	certsDir := filepath.Join(containerdDir, "certs.d")
	configFile := filepath.Join(containerdDir, "config.toml")
	config := fmt.Sprintf(containerdConfig, agentDir, containerdSocket, pauseImage, cniConfigDir, certsDir)
	if err := errors.Join(
		writeRegistryHosts(certsDir),
		writeFile(configFile, []byte(config), 0o644),
		os.MkdirAll(cniConfigDir, 0o755),
	); err != nil {
		return err
	}
	s.start("containerd", containerdProgram, "-c", configFile)
	if err := waitForContainerd(s.ctx); err != nil {
		return err
	}
	logf(levelInfo, "Containerd is now running")
	return importImages()
}

// The CRI plugin serves only after all others are loaded, so a listening socket alone does not mean much: ask it.
func waitForContainerd(ctx context.Context) error {
	for deadline := time.Now().Add(containerdStartLimit); ; sleep(ctx, 20*time.Millisecond) {
		connection, err := net.Dial("unix", containerdSocket)
		if err == nil {
			connection.Close()
			if _, err = output(ctrProgram, "-a", containerdSocket, "version"); err == nil {
				return nil
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("containerd did not come up: %w", err)
		}
	}
}

// importImages loads the archives baked into the node and those put into k3s's images folder.
func importImages() error {
	archives, err := filepath.Glob(bundledDir + "/images/*.tar")
	if err != nil {
		return err
	}
	more, err := filepath.Glob(agentDir + "/images/*.tar")
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	for _, archive := range append(archives, more...) {
		all.Add(1)
		go func() {
			defer all.Done()
			text, err := output(ctrProgram, "-a", containerdSocket, "-n", "k8s.io", "images", "import", archive)
			if err != nil {
				logf(levelError, "Images of %s cannot be imported: %v: %s", archive, err, text)
				return
			}
			logf(levelInfo, "Imported images from %s", archive)
		}()
	}
	all.Wait()
	return nil
}
