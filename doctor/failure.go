package doctor

import (
	"context"
	"errors"
	"net"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// errorKinds tells the error codes of IAM, EC2 and STS apart. Throttling codes
// are the SDK's own list.
var errorKinds = map[string]FailureKind{
	"AccessDenied":          FailureDenied,
	"AccessDeniedException": FailureDenied,
	"UnauthorizedOperation": FailureDenied,
	"UnauthorizedAccess":    FailureDenied,

	"NoSuchEntity":                FailureNotFound,
	"InvalidInstanceID.NotFound":  FailureNotFound,
	"InvalidInstanceID.Malformed": FailureNotFound,

	"ExpiredToken":          FailureExpired,
	"ExpiredTokenException": FailureExpired,

	"RequestExpired":       FailureClock,
	"RequestTimeTooSkewed": FailureClock,

	"AuthFailure":                 FailureRefused,
	"IncompleteSignature":         FailureRefused,
	"InvalidAccessKeyId":          FailureRefused,
	"InvalidClientTokenId":        FailureRefused,
	"InvalidSignatureException":   FailureRefused,
	"MissingAuthenticationToken":  FailureRefused,
	"NotAuthorizedException":      FailureRefused,
	"OptInRequired":               FailureRefused,
	"SignatureDoesNotMatch":       FailureRefused,
	"UnrecognizedClientException": FailureRefused,
}

// credentialsError marks that the SDK could not find credentials at all.
type credentialsError struct{ error }

func (e *credentialsError) Unwrap() error { return e.error }

// classify turns an error of the SDK into a failure of the action.
func classify(ctx context.Context, action string, err error) *Failure {
	if noCredentials, ok := errors.AsType[*credentialsError](err); ok {
		return classifyCredentials(noCredentials)
	}
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return classifyAPI(action, api)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return &Failure{Kind: FailureUnreachable, Message: clean(context.Cause(ctx).Error())}
	}
	var sent *smithyhttp.RequestSendError
	var network net.Error
	if errors.As(err, &sent) || errors.As(err, &network) {
		return &Failure{Kind: FailureUnreachable, Message: innermost(err)}
	}
	return &Failure{Kind: FailureOther, Message: innermost(err)}
}

// classifyCredentials tells a session that AWS calls expired from everything
// else for which there are no credentials.
func classifyCredentials(err *credentialsError) *Failure {
	var api smithy.APIError
	if errors.As(err, &api) && errorKinds[api.ErrorCode()] == FailureExpired {
		return &Failure{Kind: FailureExpired, Code: clean(api.ErrorCode())}
	}
	return &Failure{Kind: FailureNoCredentials, Message: innermost(err)}
}

func classifyAPI(action string, api smithy.APIError) *Failure {
	code := api.ErrorCode()
	f := &Failure{Kind: errorKinds[code], Code: clean(code)}
	if _, throttled := retry.DefaultThrottleErrorCodes[code]; throttled {
		f.Kind = FailureThrottled
	}
	switch f.Kind {
	case FailureDenied:
		f.Permission = action
		if refusal, named := parseRefusal(api.ErrorMessage()); named {
			f.Refusal, f.Permission = refusal, refusal.Action
		}
		f.Message = clean(withoutEncoded(api.ErrorMessage()))
	case FailureRefused, FailureExpired, FailureClock:
		// SignatureDoesNotMatch repeats the canonical request, token and all.
	case FailureOther, FailureNotFound, FailureNoCredentials, FailureThrottled, FailureUnreachable:
		f.Message = clean(api.ErrorMessage())
	}
	return f
}

// innermost returns the words of the error at the end of the chain, which says
// what happened; those around it say where in the SDK.
func innermost(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return clean(err.Error())
		}
		if op, ok := errors.AsType[*net.OpError](err); ok {
			return clean(op.Error())
		}
		err = next
	}
}

// encodedMessage is how EC2 hands out an authorization failure that only
// sts:DecodeAuthorizationMessage can read.
var encodedMessage = regexp.MustCompile(`\s*Encoded authorization failure message: ([A-Za-z0-9_-]+)`)

func withoutEncoded(message string) string { return encodedMessage.ReplaceAllString(message, "") }

// encodedOf returns the encoded authorization message in an error message.
func encodedOf(message string) string {
	m := encodedMessage.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	return m[1]
}

const maxForeignText = 300

// clean makes text that came from elsewhere fit for one line of a terminal.
func clean(s string) string {
	s = strings.Join(strings.Fields(printable(s)), " ")
	if r := []rune(s); len(r) > maxForeignText {
		s = string(r[:maxForeignText]) + "…"
	}
	return s
}
