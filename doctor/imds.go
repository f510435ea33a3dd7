package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
)

// imdsTimeout is the time for an answer of IMDS, all attempts together: on a machine
// without it, the SDK's own limits take many seconds.
const imdsTimeout = 1500 * time.Millisecond

var errIMDS = fmt.Errorf("no answer of IMDS within %s", imdsTimeout)

// causeOf returns why the time was up, if it was, in place of the SDK's words.
func causeOf(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return context.Cause(ctx)
	}
	return err
}

// imdsClient asks IMDS directly, never through a proxy, and by IMDSv2 only.
func imdsClient(cfg aws.Config) *imds.Client {
	return imds.NewFromConfig(cfg, func(o *imds.Options) {
		o.EnableFallback = aws.FalseTernary
		o.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) { t.Proxy = nil })
	})
}

// roleSource gives the SDK the instance's own role, where no other credentials are
// configured. Its client is made from the whole configuration, which is known last.
type roleSource struct{ client *imds.Client }

// GetMetadata implements ec2rolecreds.GetMetadataAPIClient.
func (s *roleSource) GetMetadata(ctx context.Context, in *imds.GetMetadataInput, options ...func(*imds.Options)) (*imds.GetMetadataOutput, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, imdsTimeout, errIMDS)
	out, err := s.client.GetMetadata(ctx, in, options...)
	if err != nil {
		defer cancel()
		return nil, causeOf(ctx, err)
	}
	out.Content = endingWith{out.Content, cancel}
	return out, nil
}

// endingWith is a body whose context ends when it is closed.
type endingWith struct {
	io.ReadCloser
	cancel context.CancelFunc
}

// Close implements [io.Closer].
func (e endingWith) Close() error {
	defer e.cancel()
	return e.ReadCloser.Close()
}
