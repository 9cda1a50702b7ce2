// Package backoff spaces attempts: quick at first, so that a service that comes up late is found soon.
package backoff

import (
	"context"
	"time"
)

const (
	First   = 200 * time.Millisecond
	Growth  = 1.5
	Longest = 2 * time.Second
)

// Backoff is ready to use as it is.
type Backoff struct {
	next time.Duration
}

// Wait sleeps, longer each time, or until the context ends.
func (b *Backoff) Wait(ctx context.Context) {
	delay := max(b.next, First)
	b.next = min(time.Duration(float64(delay)*Growth), Longest)
	select {
	case <-time.After(delay):
	case <-ctx.Done():
	}
}

// Reset begins anew after a success.
func (b *Backoff) Reset() {
	b.next = 0
}
