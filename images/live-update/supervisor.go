package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// settingsVariable is what the supervisor is set up by; the app does not get it.
const settingsVariable = "VAPP_LIVE_UPDATE"

// Settings are the JSON of settingsVariable.
type Settings struct {
	// Port takes the changes.
	Port int `json:"port"`
	// Token is what a request has to carry.
	Token string `json:"token"`
	// Roots are the folders whose files may change.
	Roots []string `json:"roots"`
	// StopMs is how long the program may take to end before it is killed.
	StopMs int `json:"stopMs"`
	// State is a file on a volume: what has been applied outlives the container.
	State string `json:"state"`
}

// Update is a change of files, all of which come before the program runs again.
type Update struct {
	Changes []Change `json:"changes"`
	// Generation is told again by the state: how far the container is.
	Generation int  `json:"generation"`
	Restart    bool `json:"restart"`
}

// State is what somebody who comes new has to know.
type State struct {
	Generation int  `json:"generation"`
	Running    bool `json:"running"`
	// Starts counts how often the program has been started in this container.
	Starts int `json:"starts"`
	// StopMs is how long the program took to end before its latest start.
	StopMs int64 `json:"stopMs"`
}

const firstPause = time.Second
const longestPause = 30 * time.Second

// exitNotFound is what shells answer for a command that is not there.
const exitNotFound = 127

// Supervisor runs the program, and runs it again when files have changed.
type Supervisor struct {
	settings Settings
	program  *Program
	events   Events

	// updating lets updates be taken one after the other.
	updating sync.Mutex
	// restarts take what is told when the program has started anew.
	restarts chan chan error
	// terminating is whether the container is to end.
	terminating bool

	mutex sync.Mutex
	state State
}

// run is the mode of the app's container. The answer is its exit code.
func run(command []string) int {
	var settings Settings
	if err := json.Unmarshal([]byte(os.Getenv(settingsVariable)), &settings); err != nil {
		fmt.Fprintf(os.Stderr, "live-update: %s cannot be read: %v\n", settingsVariable, err)
		return exitUsage
	}
	supervisor := &Supervisor{
		settings: settings,
		program:  newProgram(command, withoutSettings(os.Environ())),
		restarts: make(chan chan error),
	}
	supervisor.state.Generation = readGeneration(settings.State)
	go supervisor.program.reap()
	if err := supervisor.listen(); err != nil {
		// The app is not to suffer from it: it runs, and who wants to change it will find nobody there.
		fmt.Fprintln(os.Stderr, "live-update: no changes can be taken:", err)
	}
	return supervisor.supervise()
}

// supervise runs the program until it ends for good.
func (supervisor *Supervisor) supervise() int {
	signals := make(chan os.Signal, 16)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1,
		syscall.SIGUSR2, syscall.SIGWINCH)
	pause := firstPause
	var stopping time.Duration
	var done chan error
	for {
		begun := time.Now()
		ended, err := supervisor.program.start()
		if err == nil {
			supervisor.note(func(state *State) {
				state.Running = true
				state.Starts++
				state.StopMs = stopping.Milliseconds()
			})
		}
		if done != nil {
			done <- err
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "live-update:", err)
			return exitNotFound
		}
		var status *syscall.WaitStatus
		if done, status = supervisor.watch(ended, signals); status == nil {
			stopped := time.Now()
			supervisor.program.stop(ended, time.Duration(supervisor.settings.StopMs)*time.Millisecond)
			stopping = time.Since(stopped)
			pause = firstPause
			continue
		}
		supervisor.note(func(state *State) { state.Running = false })
		code := exitCode(*status)
		if supervisor.terminating || !supervisor.events.anybody() {
			// Kubernetes decides what comes next, as it would without us.
			return code
		}
		supervisor.program.endRest()
		if time.Since(begun) > longestPause {
			pause = firstPause
		}
		supervisor.events.tell(Event{
			Type: "exited", Code: code, Since: begun.UnixMilli(), PauseMs: pause.Milliseconds(),
		})
		if done = supervisor.rest(pause, signals); supervisor.terminating {
			return code
		}
		pause = min(2*pause, longestPause)
		stopping = 0
	}
}

// watch hands signals on until the program ends or a change wants it to.
func (supervisor *Supervisor) watch(ended <-chan syscall.WaitStatus, signals <-chan os.Signal) (chan error, *syscall.WaitStatus) {
	for {
		select {
		case what := <-signals:
			supervisor.terminating = supervisor.terminating || terminates(what)
			supervisor.program.signal(what.(syscall.Signal))
		case done := <-supervisor.restarts:
			return done, nil
		case status := <-ended:
			return nil, &status
		}
	}
}

// rest lets a program that has ended rest: until the pause is over, or until a change comes, which may mend it. While
// somebody works on the app Kubernetes does not restart it, since a change would have to wait for its back-off.
func (supervisor *Supervisor) rest(pause time.Duration, signals <-chan os.Signal) chan error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			return nil
		case done := <-supervisor.restarts:
			return done
		case what := <-signals:
			if supervisor.terminating = terminates(what); supervisor.terminating {
				return nil
			}
		}
	}
}

func terminates(what os.Signal) bool {
	return what == syscall.SIGTERM || what == syscall.SIGINT || what == syscall.SIGQUIT
}

// update applies a change and, if it asks for that, starts the program anew. It returns when the program has started.
func (supervisor *Supervisor) update(update Update) (State, error) {
	supervisor.updating.Lock()
	defer supervisor.updating.Unlock()
	for _, change := range update.Changes {
		if err := change.apply(supervisor.settings.Roots); err != nil {
			return State{}, err
		}
	}
	supervisor.note(func(state *State) { state.Generation = update.Generation })
	if err := writeGeneration(supervisor.settings.State, update.Generation); err != nil {
		return State{}, err
	}
	if update.Restart {
		done := make(chan error)
		supervisor.restarts <- done
		if err := <-done; err != nil {
			return State{}, err
		}
	}
	return supervisor.current(), nil
}

func (supervisor *Supervisor) note(change func(state *State)) {
	supervisor.mutex.Lock()
	defer supervisor.mutex.Unlock()
	change(&supervisor.state)
}

func (supervisor *Supervisor) current() State {
	supervisor.mutex.Lock()
	defer supervisor.mutex.Unlock()
	return supervisor.state
}

func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}

func withoutSettings(environment []string) []string {
	var kept []string
	for _, entry := range environment {
		if !strings.HasPrefix(entry, settingsVariable+"=") {
			kept = append(kept, entry)
		}
	}
	return kept
}

func readGeneration(file string) int {
	content, _ := os.ReadFile(file)
	generation, _ := strconv.Atoi(string(content))
	return generation
}

func writeGeneration(file string, generation int) error {
	return replace(file, func(temporary string) error {
		return writeFile(temporary, []byte(strconv.Itoa(generation)), 0o644)
	})
}
