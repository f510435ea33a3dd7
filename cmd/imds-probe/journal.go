package main

import (
	"strconv"

	"github.com/coreos/go-systemd/v22/journal"
	"go.uber.org/zap/buffer"
	"go.uber.org/zap/zapcore"
)

// journalEncoder writes each line's priority in front of it, as sd-daemon(3) has
// it. journald takes it off again, so that the message stays JSON and
// `journalctl -p err` finds what is critical.
type journalEncoder struct {
	zapcore.Encoder
	pool buffer.Pool
}

// forJournal adds priorities where standard error is read by journald.
func forJournal(e zapcore.Encoder) zapcore.Encoder {
	if toJournal, err := journal.StderrIsJournalStream(); err != nil || !toJournal {
		return e
	}
	return journalEncoder{e, buffer.NewPool()}
}

// Clone implements [zapcore.Encoder].
func (e journalEncoder) Clone() zapcore.Encoder { return journalEncoder{e.Encoder.Clone(), e.pool} }

// EncodeEntry implements [zapcore.Encoder].
func (e journalEncoder) EncodeEntry(entry zapcore.Entry, fields []zapcore.Field) (*buffer.Buffer, error) {
	line, err := e.Encoder.EncodeEntry(entry, fields)
	if err != nil {
		return nil, err
	}
	defer line.Free()
	out := e.pool.Get()
	out.AppendString("<" + strconv.Itoa(int(priority(entry.Level))) + ">")
	_, err = out.Write(line.Bytes())
	return out, err
}

func priority(l zapcore.Level) journal.Priority {
	switch {
	case l >= zapcore.ErrorLevel:
		return journal.PriErr
	case l == zapcore.WarnLevel:
		return journal.PriWarning
	case l == zapcore.DebugLevel:
		return journal.PriDebug
	}
	return journal.PriInfo
}
