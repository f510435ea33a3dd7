// Package image builds the Dockerfile as it is, and runs the image as its
// orchestrator would.
package image
