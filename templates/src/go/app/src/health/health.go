// Package health answers `GET /healthz` for the readiness probe: 200 when the app is ready, 503 until then.
package health

import (
	"net"
	"net/http"
	"strconv"
	"time"
)

const requestTimeout = 2 * time.Second

// Listen takes the port on all interfaces, so that a port that is taken is known before anything else begins.
func Listen(port int) (net.Listener, error) {
	return net.Listen("tcp", ":"+strconv.Itoa(port))
}

// Serve answers until the listener is closed.
func Serve(listener net.Listener, isReady func() bool) {
	server := &http.Server{Handler: handler(isReady), ReadTimeout: requestTimeout, WriteTimeout: requestTimeout}
	// It ends with the error that the listener was closed, as it was told to.
	_ = server.Serve(listener)
}

func handler(isReady func() bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(writer http.ResponseWriter, _ *http.Request) {
		if isReady() {
			_, _ = writer.Write([]byte("ready\n"))
			return
		}
		http.Error(writer, "starting", http.StatusServiceUnavailable)
	})
	mux.HandleFunc("/", func(writer http.ResponseWriter, _ *http.Request) {
		http.Error(writer, "see /healthz", http.StatusNotFound)
	})
	return mux
}
