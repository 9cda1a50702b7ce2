package unit

import (
	"net/http"
	"sync/atomic"
	"testing"

	"vehicleapp/src/health"
)

func TestHealthIsUnavailableUntilReady(t *testing.T) {
	listener, err := health.Listen(0)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var ready atomic.Bool
	go health.Serve(listener, ready.Load)

	expectStatus := func(path string, expected int) {
		t.Helper()
		response, err := http.Get("http://" + listener.Addr().String() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		if response.StatusCode != expected {
			t.Errorf("%s answers %d, expected %d", path, response.StatusCode, expected)
		}
	}
	expectStatus("/healthz", http.StatusServiceUnavailable)
	ready.Store(true)
	expectStatus("/healthz", http.StatusOK)
	expectStatus("/", http.StatusNotFound)
}
