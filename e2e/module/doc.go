// Package module holds the suite that takes the project as others take it: by its
// module path, from a module proxy.
package module
