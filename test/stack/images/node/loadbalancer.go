package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

type serviceList struct {
	Items []service `json:"items"`
}

type service struct {
	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		Type string `json:"type"`
	} `json:"spec"`
	Status struct {
		LoadBalancer struct {
			Ingress []ingress `json:"ingress"`
		} `json:"loadBalancer"`
	} `json:"status"`
}

type ingress struct {
	IP string `json:"ip"`
}

// balanceServices does what k3s's ServiceLB is for: every service of type LoadBalancer gets the addresses of all nodes;
// kube-proxy then answers there. It also marks the server node as control plane.
func balanceServices(ctx context.Context, api *apiClient, nodeName string) {
	labelled := false
	for ctx.Err() == nil {
		if !labelled {
			labelled = api.mergePatch(ctx, "/api/v1/nodes/"+nodeName,
				`{"metadata":{"labels":{"node-role.kubernetes.io/control-plane":"true"}}}`) == nil
		}
		if err := publishAddresses(ctx, api); err != nil && ctx.Err() == nil {
			logf(levelWarning, "Service load balancer: %v", err)
		}
		sleep(ctx, time.Second)
	}
}

func publishAddresses(ctx context.Context, api *apiClient) error {
	var nodes nodeList
	var services serviceList
	if err := api.get(ctx, "/api/v1/nodes", &nodes); err != nil {
		return err
	}
	if err := api.get(ctx, "/api/v1/services", &services); err != nil {
		return err
	}
	wanted := nodeAddresses(nodes.Items)
	for _, s := range services.Items {
		if s.Spec.Type != "LoadBalancer" || slices.Equal(s.Status.LoadBalancer.Ingress, wanted) {
			continue
		}
		addresses, err := json.Marshal(wanted)
		if err != nil {
			return err
		}
		path := fmt.Sprintf("/api/v1/namespaces/%s/services/%s/status", s.Metadata.Namespace, s.Metadata.Name)
		body := fmt.Sprintf(`{"status":{"loadBalancer":{"ingress":%s}}}`, addresses)
		if err := api.mergePatch(ctx, path, body); err != nil {
			return err
		}
	}
	return nil
}

func nodeAddresses(nodes []node) []ingress {
	addresses := []ingress{}
	for _, n := range nodes {
		if ip := n.internalIP(); ip != "" {
			addresses = append(addresses, ingress{ip})
		}
	}
	slices.SortFunc(addresses, func(a, b ingress) int {
		if a.IP < b.IP {
			return -1
		}
		return 1
	})
	return addresses
}
