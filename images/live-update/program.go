package main

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Program is the app's command: it runs, and can be ended with all that it has started and begun anew.
type Program struct {
	command []string
	env     []string

	mutex sync.Mutex
	pid   int
	ended chan syscall.WaitStatus
}

func newProgram(command []string, env []string) *Program {
	// An orphan becomes ours, so that none of them outlives the program; as process 1 that is so anyway.
	const setChildSubreaper = 36
	syscall.RawSyscall(syscall.SYS_PRCTL, setChildSubreaper, 1, 0)
	return &Program{command: command, env: env}
}

// start begins it. The channel gets how it ended, once.
func (program *Program) start() (<-chan syscall.WaitStatus, error) {
	program.mutex.Lock()
	defer program.mutex.Unlock()
	path, err := exec.LookPath(program.command[0])
	if err != nil {
		return nil, err
	}
	process, err := os.StartProcess(path, program.command, &os.ProcAttr{
		Env:   program.env,
		Files: []*os.File{os.Stdin, os.Stdout, os.Stderr},
	})
	if err != nil {
		return nil, err
	}
	program.pid = process.Pid
	program.ended = make(chan syscall.WaitStatus, 1)
	return program.ended, nil
}

// reap takes leave of children, ours and orphans, for ever.
func (program *Program) reap() {
	children := make(chan os.Signal, 1)
	signal.Notify(children, syscall.SIGCHLD)
	for range children {
		for {
			var status syscall.WaitStatus
			// Locked: a child that ends at once must not be missed by who has just started it.
			program.mutex.Lock()
			pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil)
			if pid > 0 && pid == program.pid {
				program.pid = 0
				program.ended <- status
			}
			program.mutex.Unlock()
			if err == syscall.EINTR {
				continue
			}
			if pid <= 0 || err != nil {
				break
			}
		}
	}
}

// signal hands a signal on to the program.
func (program *Program) signal(what syscall.Signal) {
	program.mutex.Lock()
	defer program.mutex.Unlock()
	if program.pid > 0 {
		syscall.Kill(program.pid, what)
	}
}

// stop ends the program: it is asked to, and after the grace it is killed, with all that it has started: a wrapper may
// end and leave behind what it wrapped.
func (program *Program) stop(ended <-chan syscall.WaitStatus, grace time.Duration) {
	program.signal(syscall.SIGTERM)
	select {
	case <-ended:
	case <-time.After(grace):
		program.signal(syscall.SIGKILL)
		<-ended
	}
	program.endRest()
}

// endRest kills what the program has left behind.
func (program *Program) endRest() {
	for attempt := 0; attempt < 100; attempt++ {
		left := descendants(os.Getpid())
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			syscall.Kill(pid, syscall.SIGKILL)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

// descendants are the living processes below one. Who came from outside, such as `kubectl exec`, is none.
func descendants(of int) []int {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, file := range stats {
		if pid, parent, alive := readStat(file); alive {
			children[parent] = append(children[parent], pid)
		}
	}
	var found []int
	for waiting := []int{of}; len(waiting) > 0; waiting = waiting[1:] {
		found = append(found, children[waiting[0]]...)
		waiting = append(waiting, children[waiting[0]]...)
	}
	return found
}

// readStat reads `PID (NAME) STATE PARENT …`; the name may hold anything.
func readStat(file string) (pid, parent int, alive bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, 0, false
	}
	text := string(content)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, 0, false
	}
	pid, _ = strconv.Atoi(text[:strings.IndexByte(text, ' ')])
	parent, _ = strconv.Atoi(fields[1])
	return pid, parent, fields[0] != "Z" && fields[0] != "X"
}
