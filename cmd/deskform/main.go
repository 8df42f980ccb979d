// Command deskform plans and applies a helpdesk move as code: it compares HCL files with a state file and live
// Intercom, and carries the difference out in order.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

// interrupted is said at once: what is in flight may take a while.
const interrupted = "Interrupt received: finishing what is in flight. Interrupt again to stop at once."

func main() {
	// The first interrupt cancels the context: what is in flight is finished and recorded. The second ends the process.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop()
		fmt.Fprintln(os.Stderr, interrupted)
	})
	os.Exit(Main(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
