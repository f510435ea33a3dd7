package main

import (
	"io"

	"github.com/spf13/cobra"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

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
	if err := cli.OneOf(f.level, "debug", "info", "warn", "error"); err != nil {
		return nil, cli.Invalid("--log.level", f.level, err)
	}
	if err := cli.OneOf(f.format, "json", "console"); err != nil {
		return nil, cli.Invalid("--log.format", f.format, err)
	}
	level, err := zapcore.ParseLevel(f.level)
	if err != nil {
		return nil, err
	}
	config := zap.NewProductionEncoderConfig()
	config.EncodeTime = zapcore.RFC3339NanoTimeEncoder
	config.EncodeDuration = zapcore.StringDurationEncoder
	encoder := zapcore.NewJSONEncoder(config)
	if f.format == "console" {
		encoder = zapcore.NewConsoleEncoder(config)
	}
	return zap.New(zapcore.NewCore(forJournal(encoder), zapcore.Lock(zapcore.AddSync(w)), level)), nil
}
