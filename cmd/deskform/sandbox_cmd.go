package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/spf13/cobra"

	intercomsandbox "deskform/providers/intercom/sandbox"
)

func (a *app) sandboxCmd() *cobra.Command {
	c := &cobra.Command{Use: "sandbox", Short: "Run a local Intercom or ITSM 365 that behaves like the real one"}
	c.AddCommand(a.sandboxIntercom(), a.sandboxITSM365())
	return c
}

func (a *app) sandboxIntercom() *cobra.Command {
	var listen, data, token string
	var limit, reply int
	var lag time.Duration
	c := &cobra.Command{
		Use: "intercom", Short: "An Intercom workspace in memory", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := intercomsandbox.Options{Token: token, Clock: a.clock, IndexLag: lag, Limit: limit, ReplyLimit: reply}
			if data != "" {
				f, err := os.Open(data)
				if err != nil {
					return fmt.Errorf("start the sandbox: %w", err)
				}
				defer f.Close()
				o.Seed = f
			}
			s, err := intercomsandbox.New(o)
			if err != nil {
				return fmt.Errorf("start the sandbox: %w", err)
			}
			return a.serve(cmd.Context(), listen, s, "Intercom")
		},
	}
	f := c.Flags()
	f.StringVar(&listen, "listen", "127.0.0.1:8080", "address to listen on")
	f.StringVar(&data, "data", "", "JSON file with the workspace it starts from")
	f.IntVar(&limit, "limit", 1667, "calls granted per 10 seconds; 0: no limit")
	f.IntVar(&reply, "reply-limit", 100, "replies granted per 10 seconds overall, a tenth of it per conversation; 0: no limit")
	f.DurationVar(&lag, "index-lag", time.Minute, "how long searches and lists lag behind")
	f.StringVar(&token, "token", "sandbox", "the token that it takes; a made-up one, never a real one")
	return c
}

// serve listens until it is interrupted. It says on stdout where, once it really listens.
func (a *app) serve(ctx context.Context, listen string, h http.Handler, name string) error {
	l, err := net.Listen("tcp", listen)
	if err != nil {
		return fmt.Errorf("start the sandbox: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	fmt.Fprintf(a.out, "%s sandbox listens on http://%s\n", name, l.Addr())
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Serve(l) }()
	select {
	case err := <-stopped:
		return err
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := srv.Shutdown(last); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return nil
}
