package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// apiClient asks the API server for the few things the node itself needs. client-go's informers would cost more at
// start than these lists do.
type apiClient struct {
	server string
	token  string
	http   *http.Client
}

type objectMeta struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
}

type nodeList struct {
	Items []node `json:"items"`
}

type node struct {
	Metadata objectMeta `json:"metadata"`
	Spec     struct {
		PodCIDR string `json:"podCIDR"`
	} `json:"spec"`
	Status struct {
		Addresses []struct {
			Type    string `json:"type"`
			Address string `json:"address"`
		} `json:"addresses"`
	} `json:"status"`
}

func (n node) internalIP() string {
	for _, address := range n.Status.Addresses {
		if address.Type == "InternalIP" {
			return address.Address
		}
	}
	return ""
}

const requestLimit = 10 * time.Second

func certificateClient(server string, ca *authority, pair keyPair) (*apiClient, error) {
	certificate, err := tls.LoadX509KeyPair(pair.certificate, pair.key)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.certificate)
	return newAPIClient(server, "", &tls.Config{RootCAs: roots, Certificates: []tls.Certificate{certificate}}), nil
}

// joiningClient is for an agent that does not know the cluster's authority yet: the token is what it has. k3s pins the
// authority's hash in its token; here both ends are containers on one machine.
func joiningClient(server, token string) *apiClient {
	return newAPIClient(server, token, &tls.Config{InsecureSkipVerify: true})
}

func newAPIClient(server, token string, config *tls.Config) *apiClient {
	return &apiClient{server, token, &http.Client{Timeout: requestLimit, Transport: &http.Transport{TLSClientConfig: config}}}
}

// get reads an object into target, which may be nil when only the answer's status matters.
func (c *apiClient) get(ctx context.Context, path string, target any) error {
	return c.do(ctx, http.MethodGet, path, "", "", target)
}

func (c *apiClient) mergePatch(ctx context.Context, path, body string) error {
	return c.do(ctx, http.MethodPatch, path, "application/merge-patch+json", body, nil)
}

func (c *apiClient) do(ctx context.Context, method, path, contentType, body string, target any) error {
	request, err := http.NewRequestWithContext(ctx, method, c.server+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	if contentType != "" {
		request.Header.Set("Content-Type", contentType)
	}
	if c.token != "" {
		request.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s %.200s", method, path, response.Status, content)
	}
	if target == nil {
		return nil
	}
	return json.Unmarshal(content, target)
}

// waitReady asks until the API server says it is ready.
func (c *apiClient) waitReady(ctx context.Context, limit time.Duration) error {
	for deadline := time.Now().Add(limit); ; sleep(ctx, 50*time.Millisecond) {
		err := c.get(ctx, "/readyz", nil)
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("the API server did not become ready: %w", err)
		}
	}
}
