// Package report is the one document that everybody reads: the [Report] of a
// diagnosis, the daemon's [Status] around it, and the words that terminal and page
// share. check prints it, the daemon serves it at [Path], and log events quote it.
// Its JSON is a contract: docs/status.schema.json.
//
// It is made of a [track.Snapshot] and of nothing else, decides nothing, and knows
// neither colours nor markup.
package report
