package main

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/imds-probe/imds-probe/probes/imdstest"
)

// effects are the faults below HTTP, by the names that --fault takes.
var effects = map[string]imdstest.Effect{
	"drop": imdstest.Drop, "refuse": imdstest.Refuse, "hang": imdstest.Hang, "reset": imdstest.Reset, "close": imdstest.Close,
	"cut": imdstest.Cut, "drip": imdstest.Drip, "flood": imdstest.Flood,
}

func effectNames() []string { return slices.Sorted(maps.Keys(effects)) }

var errFaultForm = errors.New("must be PATH=WHAT, such as meta-data/iam/info=503")

// parseFault reads what --fault takes: PATH=WHAT[,OPTION=VALUE…].
func parseFault(text string) (imdstest.Fault, error) {
	path, rest, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return imdstest.Fault{}, errFaultForm
	}
	f := imdstest.Fault{Path: strings.TrimPrefix(path, "/latest/")}
	what, options, _ := strings.Cut(rest, ",")
	if err := setWhat(&f, what); err != nil {
		return f, err
	}
	for option := range strings.SplitSeq(options, ",") {
		if err := setOption(&f, option); err != nil {
			return f, err
		}
	}
	return f, nil
}

// setWhat sets what goes wrong: a status, or an effect by its name.
func setWhat(f *imdstest.Fault, what string) error {
	if effect, ok := effects[what]; ok {
		f.Effect = effect
		return nil
	}
	status, err := strconv.Atoi(what)
	if err != nil || http.StatusText(status) == "" || status < http.StatusOK {
		return fmt.Errorf("%q is neither a status nor one of %s", what, strings.Join(effectNames(), ", "))
	}
	f.Status = status
	return nil
}

func setOption(f *imdstest.Fault, option string) (err error) {
	name, value, _ := strings.Cut(option, "=")
	switch name {
	case "":
		return nil
	case "method":
		f.Method = value
	case "times":
		f.Times, err = strconv.Atoi(value)
	case "share":
		f.Share, err = strconv.ParseFloat(value, 64)
	case "seed":
		f.Seed, err = strconv.ParseUint(value, 10, 64)
	case "delay":
		f.Delay, err = time.ParseDuration(value)
	case "jitter":
		f.Jitter, err = time.ParseDuration(value)
	default:
		return fmt.Errorf("unknown option %q", name)
	}
	if err != nil || f.Times < 0 || f.Share < 0 || f.Share > 1 || f.Delay < 0 || f.Jitter < 0 {
		return fmt.Errorf("%s cannot be %q", name, value)
	}
	return nil
}
