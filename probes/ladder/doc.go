// Package ladder asks IMDS: one pass over the ladder for one vantage is
// [Prober.Round]. It owns which request is made when, the recorder between the SDK's
// client and the network, and the decoders. Every HTTP request goes through the
// recorder, which keeps a [probes.Exchange] (never a body), decodes what may be known
// of the answer, and wipes the rest.
//
// Package agent calls it. It judges nothing but through package probes, remembers
// nothing between rounds, and never decodes a secret into a value.
package ladder
