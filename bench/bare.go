package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// bareLoop makes the six requests of a healthy round with net/http alone, every
// interval, for ever: what a round costs at the least with that library.
func bareLoop(ctx context.Context, endpoint string, interval time.Duration) error {
	client := &http.Client{Transport: &http.Transport{Proxy: nil}, Timeout: time.Second}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		token, err := ask(ctx, client, http.MethodPut, endpoint+"/latest/api/token", "X-Aws-Ec2-Metadata-Token-Ttl-Seconds", "300")
		if err != nil {
			return err
		}
		for _, path := range []string{"hostname", "iam/", "iam/info", "iam/security-credentials/", "iam/security-credentials/app"} {
			if _, err := ask(ctx, client, http.MethodGet, endpoint+"/latest/meta-data/"+path, "X-Aws-Ec2-Metadata-Token", token); err != nil {
				return err
			}
		}
		<-ticker.C
	}
}

func ask(ctx context.Context, client *http.Client, method, url, header, value string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return "", err
	}
	req.Header.Set(header, value)
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", url, resp.Status)
	}
	return string(body), err
}
