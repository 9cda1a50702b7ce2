// Stand-in for k3d's load balancer image (nginx and confd): forwards TCP and UDP ports as /etc/confd/values.yaml says,
// which k3d writes.
package main

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"time"

	"sigs.k8s.io/yaml"
)

const configFile = "/etc/confd/values.yaml"

// config has, for each "port.protocol", the hosts to forward to; their port is the same.
type config struct {
	Ports map[string][]string `json:"ports"`
}

// forwarder listens on one port.
type forwarder interface {
	setHosts(hosts []string)
	close()
}

func main() {
	forwarders := map[string]forwarder{}
	var applied *config
	for ; ; time.Sleep(250 * time.Millisecond) {
		wanted, err := readConfig()
		if err != nil {
			fmt.Println("[warn]", err)
			continue
		}
		if applied != nil && reflect.DeepEqual(applied, wanted) {
			continue
		}
		apply(wanted, forwarders)
		applied = wanted
		// The words of nginx's log that k3d waits for.
		fmt.Println(time.Now().Format("2006/01/02 15:04:05"), "[notice] 1#1: start worker processes")
	}
}

func readConfig() (*config, error) {
	content, err := os.ReadFile(configFile)
	if err != nil {
		return nil, err
	}
	var read config
	return &read, yaml.Unmarshal(content, &read)
}

func apply(wanted *config, forwarders map[string]forwarder) {
	for key, running := range forwarders {
		if _, ok := wanted.Ports[key]; !ok {
			running.close()
			delete(forwarders, key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(wanted.Ports)) {
		if forwarders[key] == nil {
			started, err := listen(key)
			if err != nil {
				fmt.Println("[emerg]", key, err)
				continue
			}
			forwarders[key] = started
		}
		forwarders[key].setHosts(wanted.Ports[key])
		fmt.Println("[notice] forwarding", key, "to", strings.Join(wanted.Ports[key], ", "))
	}
}

func listen(key string) (forwarder, error) {
	port, protocol, _ := strings.Cut(key, ".")
	if protocol == "udp" {
		return listenUDP(port)
	}
	return listenTCP(port)
}
