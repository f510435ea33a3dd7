package wire_test

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/imds-probe/imds-probe/probes/wire"
)

// TestInsist loses the first SYNs of a connection.
func TestInsist(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, tc := range map[string]struct {
		lost      int32
		refusal   error
		wantAfter time.Duration
		wantErr   error
		wantDials int32
	}{
		"none lost":      {0, nil, 0, nil, 1},
		"one lost":       {1, nil, 180 * time.Millisecond, nil, 2},
		"two lost":       {2, nil, 360 * time.Millisecond, nil, 3},
		"all lost":       {9, nil, 900 * time.Millisecond, context.DeadlineExceeded, 4},
		"refused":        {0, refused, 0, syscall.ECONNREFUSED, 1},
		"one lost, then": {1, refused, 180 * time.Millisecond, syscall.ECONNREFUSED, 2},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var dials, open atomic.Int32
				dial := wire.Insist(func(ctx context.Context, _, _ string) (net.Conn, error) {
					if dials.Add(1) <= tc.lost {
						<-ctx.Done()
						return nil, ctx.Err()
					}
					if tc.refusal != nil {
						return nil, tc.refusal
					}
					open.Add(1)
					client, server := net.Pipe()
					_ = server.Close()
					return client, nil
				})
				ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
				defer cancel()
				began := time.Now()
				conn, err := dial(ctx, "tcp", "")
				after := time.Since(began)
				synctest.Wait()
				if !errors.Is(err, tc.wantErr) || (err == nil) != (conn != nil) || after != tc.wantAfter || dials.Load() != tc.wantDials {
					t.Errorf("%v after %v and %d dials, want %v after %v and %d", err, after, dials.Load(), tc.wantErr, tc.wantAfter, tc.wantDials)
				}
			})
		})
	}
}

// TestInsistPastTheDeadline wants a dial that comes too late, as after a suspension, to
// be a time-out and no panic.
func TestInsistPastTheDeadline(t *testing.T) {
	for _, left := range []time.Duration{-time.Hour, -1, 0, 1, 4} {
		ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(left))
		dial := wire.Insist(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		})
		if _, err := dial(ctx, "tcp", ""); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v left: %v", left, err)
		}
		cancel()
	}
}
