// Package schema holds the suite that compares docs/status.schema.json with the
// real answers of every scenario.
package schema
