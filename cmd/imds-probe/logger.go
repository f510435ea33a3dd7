package main

import (
	"io"

	"github.com/alecthomas/kingpin/v2"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"imds-probe/agent"
)

type logFlags struct{ level, format string }

func addLogFlags(cmd *kingpin.CmdClause) *logFlags {
	f := &logFlags{}
	cmd.Flag("log.level", "Log from this level on: debug, info, warn or error.").Default("info").StringVar(&f.level)
	cmd.Flag("log.format", "Format of the log: json or console.").Default("json").StringVar(&f.format)
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
