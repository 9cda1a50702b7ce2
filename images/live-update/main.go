// Command live-update brings changed files into a running container and restarts the program in it.
//
// It needs nothing of the container's image, neither a shell nor a tar: an init container of its own image installs it
// on a volume, an init container of the app's image fills volumes with the image's own folders, and in the app's
// container it stands before the app's command.
//
//	live-update install FILE           copies itself
//	live-update fill FROM=TO...        copies folders
//	live-update run -- COMMAND...      runs a command and takes changes; see Settings
package main

import (
	"fmt"
	"os"
	"strings"
)

func main() {
	os.Exit(act(os.Args[1:]))
}

const exitUsage = 2

func act(args []string) int {
	if len(args) == 0 {
		return usage()
	}
	switch mode, rest := args[0], args[1:]; {
	case mode == "install" && len(rest) == 1:
		return report(install(rest[0]))
	case mode == "fill":
		return report(fill(rest))
	case mode == "run" && len(rest) > 1 && rest[0] == "--":
		return run(rest[1:])
	default:
		return usage()
	}
}

func usage() int {
	fmt.Fprintln(os.Stderr, "usage: live-update install FILE | fill FROM=TO... | run -- COMMAND...")
	return exitUsage
}

func report(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, "live-update:", err)
	return 1
}

// install copies this program to a place from which other containers run it.
func install(to string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return copyFile(self, to, 0o755)
}

// fill copies the content of folders, each given as FROM=TO, into folders that exist.
func fill(pairs []string) error {
	for _, pair := range pairs {
		from, to, found := strings.Cut(pair, "=")
		if !found {
			return fmt.Errorf("%q is not of the form FROM=TO", pair)
		}
		if err := copyTree(from, to); err != nil {
			return fmt.Errorf("%s cannot be copied: %w", from, err)
		}
	}
	return nil
}
