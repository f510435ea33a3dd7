package main

import (
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/imds-probe/imds-probe/agent"
	"github.com/imds-probe/imds-probe/cmd/internal/cli"
)

type logFlags struct{ level, format string }

func addLogFlags(cmd *cobra.Command) *logFlags {
	f := &logFlags{}
	cmd.Flags().StringVar(&f.level, "log.level", "info", "Log from this level on: debug, `info`, warn or error")
	cmd.Flags().StringVar(&f.format, "log.format", "json", "Format of the log: `json` or console")
	cli.Complete(cmd, "log.level", "debug", "info", "warn", "error")
	cli.Complete(cmd, "log.format", "json", "console")
	return f
}

func (f *logFlags) logger(w io.Writer) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(f.level)
	if err != nil || level > zapcore.ErrorLevel {
		return nil, &agent.OptionError{Flag: "log.level", Value: f.level, Err: errNeither("debug", "info", "warn", "error")}
	}
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	config.EncodeDuration = zapcore.StringDurationEncoder
	var encoder zapcore.Encoder
	switch f.format {
	case "json":
		encoder = zapcore.NewJSONEncoder(config)
	case "console":
		encoder = zapcore.NewConsoleEncoder(config)
	default:
		return nil, &agent.OptionError{Flag: "log.format", Value: f.format, Err: errNeither("json", "console")}
	}
	return zap.New(zapcore.NewCore(forJournal(encoder), zapcore.Lock(zapcore.AddSync(w)), level)), nil
}
