// Package docs tests the documents: those that are written from the code, and
// those that must agree with it.
package docs
