// Package terminal writes reports, catalogue entries and log events as text for
// people: in 80 columns, coloured where that is asked for. It owns how text is laid
// out and broken into lines; its words come from packages report and probes.
//
// It knows neither where the text goes nor whether that is a terminal.
package terminal
