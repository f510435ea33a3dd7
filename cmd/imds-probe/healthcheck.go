package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// healthcheckCommand is for images without a shell, in which a HEALTHCHECK has
// nothing else to ask with.
func healthcheckCommand(app *kingpin.Application) command {
	cmd := app.Command("healthcheck", "Ask a running daemon whether it serves; the exit code is 0 if it does, else 1.").Hidden()
	url := cmd.Flag("url", "Where to ask.").Default("http://127.0.0.1:16925/-/healthy").String()
	var timeout time.Duration
	cmd.Flag("timeout", "How long to wait for the answer.").Default("3s").SetValue(typed("timeout", &timeout, time.ParseDuration))
	return func(ctx context.Context, _, _ io.Writer) (int, error) {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		if err := healthcheck(ctx, *url); err != nil {
			return 1, err
		}
		return 0, nil
	}
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
