package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority is a certificate authority whose key is at hand.
type authority struct {
	certificate    *x509.Certificate
	key            crypto.Signer
	certificatePEM []byte
	keyPEM         []byte
}

// keyPair names the files of an issued certificate and its key.
type keyPair struct{ certificate, key string }

// subject is whom a certificate is for: a user and groups of Kubernetes, and the names it may serve under.
type subject struct {
	user   string
	groups []string
	dns    []string
	ips    []net.IP
}

const (
	authorityYears = 10
	leafYears      = 1
)

// loadAuthority reads dir/name.{crt,key}; it makes them first when they are not there.
func loadAuthority(dir, name, commonName string) (*authority, error) {
	certificateFile, keyFile := filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	certificatePEM, err := os.ReadFile(certificateFile)
	if errors.Is(err, fs.ErrNotExist) {
		return createAuthority(certificateFile, keyFile, commonName)
	}
	if err != nil {
		return nil, err
	}
	keyPEM, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	return parseAuthority(certificatePEM, keyPEM)
}

func createAuthority(certificateFile, keyFile, commonName string) (*authority, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return nil, err
	}
	serial, err := randomNumber()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: commonName},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().AddDate(authorityYears, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificatePEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	// The key comes first: a certificate on disk means that its key is there too.
	if err := errors.Join(writeFile(keyFile, keyPEM, 0o600), writeFile(certificateFile, certificatePEM, 0o644)); err != nil {
		return nil, err
	}
	return parseAuthority(certificatePEM, keyPEM)
}

func parseAuthority(certificatePEM, keyPEM []byte) (*authority, error) {
	certificateBlock, _ := pem.Decode(certificatePEM)
	keyBlock, _ := pem.Decode(keyPEM)
	if certificateBlock == nil || keyBlock == nil {
		return nil, errors.New("certificate authority: not PEM")
	}
	certificate, err := x509.ParseCertificate(certificateBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	key, err := x509.ParseECPrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("key of the certificate authority: %w", err)
	}
	return &authority{certificate, key, certificatePEM, keyPEM}, nil
}

// issue writes a fresh certificate to dir/name.{crt,key}.
func (a *authority) issue(dir, name string, s subject) (keyPair, error) {
	key, keyPEM, err := newKey()
	if err != nil {
		return keyPair{}, err
	}
	serial, err := randomNumber()
	if err != nil {
		return keyPair{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: s.user, Organization: s.groups},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().AddDate(leafYears, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		DNSNames:     s.dns,
		IPAddresses:  s.ips,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return keyPair{}, err
	}
	pair := keyPair{filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")}
	return pair, errors.Join(
		writeFile(pair.certificate, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644),
		writeFile(pair.key, keyPEM, 0o600),
	)
}

// ensureServiceAccountKey makes the RSA key that signs service account tokens, unless it is there.
func ensureServiceAccountKey(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	return writeFile(file, pem.EncodeToMemory(block), 0o600)
}

func newKey() (*ecdsa.PrivateKey, []byte, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), nil
}

func randomNumber() (*big.Int, error) {
	return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
}
