// Package page renders the daemon's status as one HTML page, which is whole without
// any other file. It owns the page's markup, style, script and content security
// policy, and chooses what of a [report.Status] is shown where; the words come from
// packages report and probes.
//
// It asks nobody: what it shows is what it is given.
package page
