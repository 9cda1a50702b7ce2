package main

import (
	"fmt"
	"time"
)

type level string

const (
	levelInfo    level = "info"
	levelWarning level = "warning"
	levelError   level = "error"
	levelFatal   level = "fatal"
)

// logf writes a line in k3s's form. k3d follows these lines to learn how far a node is.
func logf(severity level, format string, args ...any) {
	stamp := time.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	fmt.Printf("time=%q level=%s msg=%q\n", stamp, severity, fmt.Sprintf(format, args...))
}
