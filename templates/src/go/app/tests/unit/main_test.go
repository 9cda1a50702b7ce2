package unit

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"vehicleapp/src/app"
)

var program string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		folder, err := os.MkdirTemp("", "vehicleapp")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(folder)
		program = filepath.Join(folder, "vehicleapp")
		if output, err := exec.Command("go", "build", "-o", program, "vehicleapp/src").CombinedOutput(); err != nil {
			panic(string(output))
		}
		return m.Run()
	}())
}

// start runs the process as the container does, without any service around it, and returns the lines of its log.
func start(t *testing.T, variables ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	command := exec.Command(program)
	command.Env = append(os.Environ(), variables...)
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill() })
	return command, bufio.NewScanner(output)
}

func nextLine(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	if !lines.Scan() {
		t.Fatal("the log ended")
	}
	return lines.Text()
}

func TestSaysItsVersionFirstWaitsForServicesAndObeysSigterm(t *testing.T) {
	nobody := freeAddress(t)
	_, port, _ := net.SplitHostPort(freeAddress(t))
	process, lines := start(t, "VEHICLE_APP_PORT="+port,
		"SDV_MQTT_ADDRESS=mqtt://"+nobody, "SDV_VEHICLEDATABROKER_ADDRESS=grpc://"+nobody)

	first := regexp.MustCompile(regexp.QuoteMeta(app.Name) + ` \d+\.\d+\.\d+ started \(Go \d`)
	if line := nextLine(t, lines); !first.MatchString(line) {
		t.Errorf("first line: %s", line)
	}
	waiting := nextLine(t, lines) + "\n" + nextLine(t, lines)
	for _, expected := range []string{"the MQTT broker at mqtt://" + nobody, "the databroker at grpc://" + nobody} {
		if !strings.Contains(waiting, "waiting for "+expected) {
			t.Errorf("%q is not in %q", expected, waiting)
		}
	}
	if err := process.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if line := nextLine(t, lines); !strings.Contains(line, "stopped") {
		t.Errorf("last line: %s", line)
	}
	if err := process.Wait(); err != nil {
		t.Error(err)
	}
}

func TestFailsWithTheCauseWhenItsPortIsTaken(t *testing.T) {
	other, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, port, _ := net.SplitHostPort(other.Addr().String())
	process, lines := start(t, "VEHICLE_APP_PORT="+port)
	nextLine(t, lines)
	if line := nextLine(t, lines); !strings.Contains(line, "address already in use") {
		t.Errorf("last line: %s", line)
	}
	if err := process.Wait(); err == nil || process.ProcessState.ExitCode() != 1 {
		t.Errorf("ended with %v", err)
	}
}
