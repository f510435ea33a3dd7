// Package browser holds the suite that looks at the status page with a real
// browser: Debian's chromium, driven over its DevTools protocol.
package browser
