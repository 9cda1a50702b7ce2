package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
)

func TestAnAuthorityIsKeptAndItsCertificatesVerify(t *testing.T) {
	dir := t.TempDir()
	created, err := loadAuthority(dir, "ca", "test-ca")
	if err != nil {
		t.Fatal(err)
	}
	loaded, err := loadAuthority(dir, "ca", "test-ca")
	if err != nil {
		t.Fatal(err)
	}
	if !created.certificate.Equal(loaded.certificate) {
		t.Fatal("the second load made another authority")
	}
	pair, err := loaded.issue(dir, "leaf", subject{
		user: "system:node:a", groups: []string{"system:nodes"}, dns: []string{"a"}, ips: []net.IP{net.IPv4(10, 0, 0, 1)},
	})
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := tls.LoadX509KeyPair(pair.certificate, pair.key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(leaf.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(created.certificate)
	for _, name := range []string{"a", "10.0.0.1"} {
		if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: name}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := certificate.Verify(x509.VerifyOptions{Roots: roots, DNSName: "b"}); err == nil {
		t.Error("a certificate for a serves as b")
	}
}
