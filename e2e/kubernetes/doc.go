// Package kubernetes reads the manifests with the types and the pod security
// policies of Kubernetes itself.
package kubernetes
