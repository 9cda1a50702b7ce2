package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// supervisor keeps components running as child processes. In one process their flags, metrics and signal handlers
// would clash.
type supervisor struct {
	ctx      context.Context
	cancel   context.CancelFunc
	children sync.WaitGroup
}

const (
	restartDelay = time.Second
	stopGrace    = 5 * time.Second
	// Components allocate most while they start; an eighth of that time goes to the garbage collector otherwise.
	fewerCollections = "GOGC=300"
)

// stop ends all components and returns when they have ended.
func (s *supervisor) stop() {
	s.cancel()
	s.children.Wait()
}

// start runs a component until the context ends, again whenever it exits. Its output goes to a log file of its own.
func (s *supervisor) start(name, program string, args ...string) {
	s.children.Add(1)
	go func() {
		defer s.children.Done()
		for s.ctx.Err() == nil {
			logf(levelInfo, "Running %s %s", name, strings.Join(args, " "))
			err := s.runOnce(name, program, args)
			if s.ctx.Err() != nil {
				return
			}
			logf(levelError, "%s exited (%v), starting it again; its log: %s", name, err, componentLog(name))
			sleep(s.ctx, restartDelay)
		}
	}()
}

func (s *supervisor) runOnce(name, program string, args []string) error {
	if err := os.MkdirAll(componentLogDir, 0o755); err != nil {
		return err
	}
	log, err := os.OpenFile(componentLog(name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	command := exec.CommandContext(s.ctx, program, args...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = stopGrace
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), fewerCollections)
	// A group of its own: a signal to the node program must not reach the components before their turn.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return command.Run()
}

func componentLog(name string) string { return filepath.Join(componentLogDir, name+".log") }

// output runs a helper program to its end.
func output(program string, args ...string) (string, error) {
	content, err := exec.Command(program, args...).CombinedOutput()
	return strings.TrimSpace(string(content)), err
}

// sleep waits, but no longer than the context lives.
func sleep(ctx context.Context, duration time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(duration):
	}
}
