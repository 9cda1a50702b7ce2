package main

import (
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const dialLimit = 2 * time.Second

// tcpForwarder spreads connections over its hosts in turn, passing over those that do not answer.
type tcpForwarder struct {
	port     string
	listener net.Listener
	hosts    atomic.Pointer[[]string]
	next     atomic.Uint64
}

func listenTCP(port string) (*tcpForwarder, error) {
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		return nil, err
	}
	f := &tcpForwarder{port: port, listener: listener}
	f.setHosts(nil)
	go f.accept()
	return f, nil
}

func (f *tcpForwarder) setHosts(hosts []string) { f.hosts.Store(&hosts) }

func (f *tcpForwarder) close() { f.listener.Close() }

func (f *tcpForwarder) accept() {
	for {
		connection, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.serve(connection.(*net.TCPConn))
	}
}

func (f *tcpForwarder) serve(client *net.TCPConn) {
	defer client.Close()
	hosts := *f.hosts.Load()
	for range hosts {
		host := hosts[f.next.Add(1)%uint64(len(hosts))]
		upstream, err := net.DialTimeout("tcp", net.JoinHostPort(host, f.port), dialLimit)
		if err != nil {
			fmt.Println("[error] upstream", err)
			continue
		}
		defer upstream.Close()
		joinStreams(client, upstream.(*net.TCPConn))
		return
	}
}

func joinStreams(a, b *net.TCPConn) {
	var both sync.WaitGroup
	both.Add(2)
	pass := func(to, from *net.TCPConn) {
		defer both.Done()
		// An end or error of one direction is told to its reader; the other direction ends by itself.
		_, _ = io.Copy(to, from)
		_ = to.CloseWrite()
	}
	go pass(a, b)
	go pass(b, a)
	both.Wait()
}
