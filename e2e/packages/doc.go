// Package packages builds the deb and rpm packages as a release does, looks into
// them with the tools of the distributions, and installs the rpm on a real systemd.
package packages
