package main

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"
)

// Event is something that happens to the program by itself.
type Event struct {
	// Type is `exited`, or `alive` when there is nothing to tell.
	Type string `json:"type"`
	Code int    `json:"code"`
	// Since is when the program had been started, in milliseconds since 1970: what it wrote comes after that.
	Since int64 `json:"since"`
	// PauseMs is how long it rests before it is started again, unless a change comes first.
	PauseMs int64 `json:"pauseMs"`
}

const tokenHeader = "X-Vapp-Token"
const longestUpdate = 64 << 20
const heartbeat = 5 * time.Second

// listen takes requests from now on. They come through the API server's proxy, which any pod could go around: so each
// carries the token.
func (supervisor *Supervisor) listen() error {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", supervisor.settings.Port))
	if err != nil {
		return err
	}
	routes := http.NewServeMux()
	routes.HandleFunc("GET /state", func(answer http.ResponseWriter, _ *http.Request) {
		writeJSON(answer, supervisor.current())
	})
	routes.HandleFunc("POST /update", supervisor.takeUpdate)
	routes.HandleFunc("GET /events", supervisor.tellEvents)
	server := &http.Server{Handler: supervisor.authorized(routes), ReadHeaderTimeout: heartbeat}
	go server.Serve(listener)
	return nil
}

func (supervisor *Supervisor) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(answer http.ResponseWriter, request *http.Request) {
		given := []byte(request.Header.Get(tokenHeader))
		if supervisor.settings.Token == "" || subtle.ConstantTimeCompare(given, []byte(supervisor.settings.Token)) != 1 {
			http.Error(answer, "the token is missing or wrong", http.StatusForbidden)
			return
		}
		next.ServeHTTP(answer, request)
	})
}

func (supervisor *Supervisor) takeUpdate(answer http.ResponseWriter, request *http.Request) {
	var update Update
	if err := json.NewDecoder(http.MaxBytesReader(answer, request.Body, longestUpdate)).Decode(&update); err != nil {
		http.Error(answer, err.Error(), http.StatusBadRequest)
		return
	}
	state, err := supervisor.update(update)
	if err != nil {
		http.Error(answer, err.Error(), http.StatusUnprocessableEntity)
		return
	}
	writeJSON(answer, state)
}

func (supervisor *Supervisor) tellEvents(answer http.ResponseWriter, request *http.Request) {
	events, leave := supervisor.events.join()
	defer leave()
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	event := Event{Type: "alive"}
	for {
		if err := json.NewEncoder(answer).Encode(event); err != nil {
			return
		}
		if flusher, ok := answer.(http.Flusher); ok {
			flusher.Flush()
		}
		select {
		case <-request.Context().Done():
			return
		case event = <-events:
		case <-tick.C:
			event = Event{Type: "alive"}
		}
	}
}

func writeJSON(answer http.ResponseWriter, value any) {
	answer.Header().Set("Content-Type", "application/json")
	json.NewEncoder(answer).Encode(value)
}

// Events go to all who listen. While somebody does, somebody works on the app.
type Events struct {
	mutex     sync.Mutex
	listeners map[chan Event]struct{}
}

func (events *Events) join() (<-chan Event, func()) {
	// Who does not read for so long misses some.
	listener := make(chan Event, 16)
	events.mutex.Lock()
	defer events.mutex.Unlock()
	if events.listeners == nil {
		events.listeners = map[chan Event]struct{}{}
	}
	events.listeners[listener] = struct{}{}
	return listener, func() {
		events.mutex.Lock()
		defer events.mutex.Unlock()
		delete(events.listeners, listener)
	}
}

func (events *Events) anybody() bool {
	events.mutex.Lock()
	defer events.mutex.Unlock()
	return len(events.listeners) > 0
}

func (events *Events) tell(event Event) {
	events.mutex.Lock()
	defer events.mutex.Unlock()
	for listener := range events.listeners {
		select {
		case listener <- event:
		default:
		}
	}
}
