package main

import (
	"context"
	"errors"
	"net/url"
	"os"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs the cluster's store inside this process, reachable from this node only. It does not sync to disk:
// what it holds is as lasting as a development cluster.
func startEtcd(ctx context.Context, dir string) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Name, config.Dir = "default", dir
	client, err := url.Parse(etcdClientURL)
	if err != nil {
		return nil, err
	}
	peer, err := url.Parse(etcdPeerURL)
	if err != nil {
		return nil, err
	}
	config.ListenClientUrls, config.AdvertiseClientUrls = []url.URL{*client}, []url.URL{*client}
	config.ListenPeerUrls, config.AdvertisePeerUrls = []url.URL{*peer}, []url.URL{*peer}
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogLevel, config.LogOutputs = "warn", []string{componentLog("etcd")}
	config.UnsafeNoFsync = true
	// The only member elects itself; the default of a second would be lost at every start.
	config.TickMs, config.ElectionMs = 10, 100
	if err := os.MkdirAll(componentLogDir, 0o755); err != nil {
		return nil, err
	}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case err := <-etcd.Err():
		return nil, err
	case <-ctx.Done():
		etcd.Close()
		return nil, errors.New("stopped while etcd was starting")
	}
}
