package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary be the program itself, too: what it does as a process can only be seen from outside.
func TestMain(m *testing.M) {
	if os.Getenv("LIVE_UPDATE_TEST_AS_PROGRAM") != "" {
		os.Exit(act(os.Args[1:]))
	}
	os.Exit(m.Run())
}

type subject struct {
	t       *testing.T
	port    int
	root    string
	command *exec.Cmd
	output  *bytes.Buffer
}

const token = "secret"

// begin runs a shell script under the supervisor.
func begin(t *testing.T, script string) *subject {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := listener.Addr().(*net.TCPAddr).Port
	listener.Close()
	s := &subject{t: t, port: port, root: t.TempDir(), output: &bytes.Buffer{}}
	if err := os.WriteFile(filepath.Join(s.root, "app"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	settings, _ := json.Marshal(Settings{
		Port: port, Token: token, Roots: []string{s.root}, StopMs: 200, State: filepath.Join(t.TempDir(), "state"),
	})
	s.command = exec.Command(os.Args[0], "run", "--", "/bin/sh", filepath.Join(s.root, "app"))
	s.command.Env = append(os.Environ(), "LIVE_UPDATE_TEST_AS_PROGRAM=1", settingsVariable+"="+string(settings))
	s.command.Stdout = s.output
	s.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-s.command.Process.Pid, syscall.SIGKILL) })
	return s
}

func (s *subject) ask(method, path string, body any) (*http.Response, error) {
	content, _ := json.Marshal(body)
	request, _ := http.NewRequest(method, fmt.Sprintf("http://127.0.0.1:%d%s", s.port, path), bytes.NewReader(content))
	request.Header.Set(tokenHeader, token)
	return http.DefaultClient.Do(request)
}

func (s *subject) state() (state State) {
	answer, err := s.ask("GET", "/state", nil)
	if err != nil {
		return State{}
	}
	defer answer.Body.Close()
	json.NewDecoder(answer.Body).Decode(&state)
	return state
}

func (s *subject) change(script string) State {
	answer, err := s.ask("POST", "/update", Update{
		Changes:    []Change{{Path: filepath.Join(s.root, "app"), Content: content(script), Mode: 0o755}},
		Generation: s.state().Generation + 1,
		Restart:    true,
	})
	if err != nil || answer.StatusCode != http.StatusOK {
		s.t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	var state State
	json.NewDecoder(answer.Body).Decode(&state)
	return state
}

func until(t *testing.T, what string, holds func() bool) {
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never came: " + what)
		}
	}
}

func TestEndsWhatAWrapperLeavesBehind(t *testing.T) {
	// The wrapper ends at once, and what it started does not listen to anybody.
	pids := filepath.Join(t.TempDir(), "pid")
	s := begin(t, "(trap '' TERM; while :; do sleep 0.05; done) & echo $! > "+pids+"\nwait\n")
	until(t, "its child", func() bool { text, _ := os.ReadFile(pids); return len(text) > 0 })
	text, _ := os.ReadFile(pids)
	child, _ := strconv.Atoi(strings.TrimSpace(string(text)))
	state := s.change("echo second; exec sleep 100\n")
	if state.Generation != 1 || state.Starts != 2 {
		t.Errorf("%+v", state)
	}
	if syscall.Kill(child, 0) == nil {
		t.Error("the old process runs on")
	}
	until(t, "the new version", func() bool { return strings.Contains(s.output.String(), "second") })
}

func TestExitsAsTheProgramDoesWhenNobodyWorksOnIt(t *testing.T) {
	s := begin(t, "exit 7\n")
	if err := s.command.Wait(); s.command.ProcessState.ExitCode() != 7 {
		t.Error(err)
	}
	s = begin(t, "trap 'exit 5' TERM; while :; do sleep 0.05; done\n")
	until(t, "its start", func() bool { return s.state().Running })
	time.Sleep(100 * time.Millisecond)
	s.command.Process.Signal(syscall.SIGTERM)
	if err := s.command.Wait(); s.command.ProcessState.ExitCode() != 5 {
		t.Error(err)
	}
}

func TestWaitsForAChangeWhileSomebodyWorksOnIt(t *testing.T) {
	s := begin(t, "while ! test -e "+"$0.go; do sleep 0.02; done; exit 3\n")
	until(t, "the server", func() bool { return s.state().Running })
	answer, err := s.ask("GET", "/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	os.WriteFile(filepath.Join(s.root, "app.go"), nil, 0o644)
	events := json.NewDecoder(answer.Body)
	for event := (Event{}); event.Type != "exited"; {
		if err := events.Decode(&event); err != nil {
			t.Fatal(err)
		}
		if event.Type == "exited" && event.Code != 3 {
			t.Errorf("%+v", event)
		}
	}
	if state := s.change("echo mended; exec sleep 100\n"); !state.Running {
		t.Errorf("%+v", state)
	}
	until(t, "the mended one", func() bool { return strings.Contains(s.output.String(), "mended") })
}

func TestRefusesWhoHasNoToken(t *testing.T) {
	s := begin(t, "exec sleep 100\n")
	until(t, "the server", func() bool { return s.state().Running })
	for _, given := range []string{"", "other"} {
		request, _ := http.NewRequest("GET", fmt.Sprintf("http://127.0.0.1:%d/state", s.port), nil)
		request.Header.Set(tokenHeader, given)
		answer, err := http.DefaultClient.Do(request)
		if err != nil || answer.StatusCode != http.StatusForbidden {
			t.Error(answer, err)
		}
	}
}
