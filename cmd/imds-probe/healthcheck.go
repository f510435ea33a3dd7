package main

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

// healthcheckCommand is for images without a shell, in which a HEALTHCHECK has
// nothing else to ask with.
func healthcheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:    "healthcheck",
		Short:  "Ask a running daemon whether it serves",
		Long:   "Ask a running daemon whether it serves; the exit code is 0 if it does, else 1.",
		Hidden: true,
	}
	flags, timeout := cmd.Flags(), 3*time.Second
	url := flags.String("url", "http://127.0.0.1:16925/-/healthy", "`URL` to ask")
	cli.Duration(flags, &timeout, "timeout", "How long to wait for the answer")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, cancel := context.WithTimeout(cmd.Context(), timeout)
		defer cancel()
		if err := healthcheck(ctx, *url); err != nil {
			return cli.Exit(1, err)
		}
		return nil
	}
	return cmd
}

func healthcheck(ctx context.Context, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return nil
}
