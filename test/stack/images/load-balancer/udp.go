package main

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	sessionIdleLimit = 2 * time.Minute
	maxDatagram      = 65535
)

// udpForwarder keeps a socket to the first host for each client address.
type udpForwarder struct {
	port     string
	socket   net.PacketConn
	hosts    atomic.Pointer[[]string]
	lock     sync.Mutex
	sessions map[string]net.Conn
}

func listenUDP(port string) (*udpForwarder, error) {
	socket, err := net.ListenPacket("udp", ":"+port)
	if err != nil {
		return nil, err
	}
	f := &udpForwarder{port: port, socket: socket, sessions: map[string]net.Conn{}}
	f.setHosts(nil)
	go f.receive()
	return f, nil
}

func (f *udpForwarder) setHosts(hosts []string) { f.hosts.Store(&hosts) }

func (f *udpForwarder) close() { f.socket.Close() }

func (f *udpForwarder) receive() {
	buffer := make([]byte, maxDatagram)
	for {
		length, client, err := f.socket.ReadFrom(buffer)
		if err != nil {
			return
		}
		if upstream := f.session(client); upstream != nil {
			// A datagram may get lost, here as anywhere on its way.
			_, _ = upstream.Write(buffer[:length])
		}
	}
}

func (f *udpForwarder) session(client net.Addr) net.Conn {
	f.lock.Lock()
	defer f.lock.Unlock()
	if known := f.sessions[client.String()]; known != nil {
		return known
	}
	hosts := *f.hosts.Load()
	if len(hosts) == 0 {
		return nil
	}
	upstream, err := net.Dial("udp", net.JoinHostPort(hosts[0], f.port))
	if err != nil {
		return nil
	}
	f.sessions[client.String()] = upstream
	go f.sendBack(client, upstream)
	return upstream
}

func (f *udpForwarder) sendBack(client net.Addr, upstream net.Conn) {
	defer func() {
		f.lock.Lock()
		delete(f.sessions, client.String())
		f.lock.Unlock()
		upstream.Close()
	}()
	buffer := make([]byte, maxDatagram)
	for {
		if err := upstream.SetReadDeadline(time.Now().Add(sessionIdleLimit)); err != nil {
			return
		}
		length, err := upstream.Read(buffer)
		if err != nil {
			return
		}
		if _, err := f.socket.WriteTo(buffer[:length], client); err != nil {
			return
		}
	}
}
