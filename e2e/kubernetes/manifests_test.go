package kubernetes_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"

	"github.com/imds-probe/imds-probe/e2e/harness"
)

// decode reads a manifest as the API server does with strict field validation:
// an unknown or doubled field is an error.
func decode(t *testing.T, name string) (objects []runtime.Object) {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, appsv1.AddToScheme, monitoringv1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	decoder := serializer.NewCodecFactory(scheme, serializer.EnableStrict).UniversalDeserializer()
	data, err := os.ReadFile(filepath.Join(harness.Root(), "deploy", "kubernetes", name))
	if err != nil {
		t.Fatal(err)
	}
	documents := yaml.NewDocumentDecoder(io.NopCloser(bytes.NewReader(data)))
	defer documents.Close()
	buffer := make([]byte, len(data)+1)
	for {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := decoder.Decode(buffer[:n], nil, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		objects = append(objects, object)
	}
}

// manifest returns the namespace and the DaemonSet of a manifest.
func manifest(t *testing.T, name string) (ns *corev1.Namespace, set *appsv1.DaemonSet) {
	t.Helper()
	objects := decode(t, name)
	if len(objects) != 2 {
		t.Fatalf("%d objects, want a namespace and a DaemonSet", len(objects))
	}
	return objects[0].(*corev1.Namespace), objects[1].(*appsv1.DaemonSet)
}

func TestDaemonSets(t *testing.T) {
	for _, tc := range []struct {
		name        string
		hostNetwork bool
		level       api.Level
	}{
		{"host.yaml", true, api.LevelPrivileged},
		{"pod.yaml", false, api.LevelRestricted},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ns, set := manifest(t, tc.name)
			pod := set.Spec.Template
			if ns.Name != set.Namespace {
				t.Errorf("the DaemonSet is in %q, not in its namespace %q", set.Namespace, ns.Name)
			}
			if pod.Spec.HostNetwork != tc.hostNetwork {
				t.Errorf("hostNetwork: %v", pod.Spec.HostNetwork)
			}
			if !matches(t, set.Spec.Selector, pod.Labels) {
				t.Errorf("the selector %v does not select %v", set.Spec.Selector, pod.Labels)
			}
			if got := ns.Labels["pod-security.kubernetes.io/enforce"]; got != string(tc.level) {
				t.Errorf("the namespace enforces %s, want %s", got, tc.level)
			}
			admitted(t, tc.level, &pod.ObjectMeta, &pod.Spec)
			probed(t, pod.Spec.Containers[0])
		})
	}
}

// TestHostNetworkIsAll wants the host variant to be restricted but for its
// network.
func TestHostNetworkIsAll(t *testing.T) {
	_, set := manifest(t, "host.yaml")
	pod := set.Spec.Template
	pod.Spec.HostNetwork = false
	for i := range pod.Spec.Containers[0].Ports {
		pod.Spec.Containers[0].Ports[i].HostPort = 0
	}
	admitted(t, api.LevelRestricted, &pod.ObjectMeta, &pod.Spec)
}

func admitted(t *testing.T, level api.Level, meta *metav1.ObjectMeta, spec *corev1.PodSpec) {
	t.Helper()
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		t.Fatal(err)
	}
	for _, result := range evaluator.EvaluatePod(api.LevelVersion{Level: level, Version: api.LatestVersion()}, meta, spec) {
		if !result.Allowed {
			t.Errorf("%s: %s: %s", level, result.ForbiddenReason, result.ForbiddenDetail)
		}
	}
}

// probed wants the kubelet to ask for the process, and only where it listens.
func probed(t *testing.T, c corev1.Container) {
	t.Helper()
	for path, probe := range map[string]*corev1.Probe{"/-/healthy": c.LivenessProbe, "/-/ready": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil || probe.HTTPGet.Path != path {
			t.Errorf("%s is not asked for: %v", path, probe)
			continue
		}
		if !slices.ContainsFunc(c.Ports, func(p corev1.ContainerPort) bool { return p.Name == probe.HTTPGet.Port.StrVal }) {
			t.Errorf("%s is asked for at a port that is not there: %v", path, probe.HTTPGet.Port)
		}
	}
}

func matches(t *testing.T, selector *metav1.LabelSelector, set map[string]string) bool {
	t.Helper()
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		t.Fatal(err)
	}
	return !s.Empty() && s.Matches(labels.Set(set))
}

func TestPodMonitor(t *testing.T) {
	monitor := decode(t, "podmonitor.yaml")[0].(*monitoringv1.PodMonitor)
	for _, name := range []string{"host.yaml", "pod.yaml"} {
		_, set := manifest(t, name)
		if !matches(t, &monitor.Spec.Selector, set.Spec.Template.Labels) {
			t.Errorf("%s is not selected", name)
		}
		if !slices.Contains(monitor.Spec.NamespaceSelector.MatchNames, set.Namespace) {
			t.Errorf("%s is in a namespace that is not looked at", name)
		}
		port := *monitor.Spec.PodMetricsEndpoints[0].Port
		if !slices.ContainsFunc(set.Spec.Template.Spec.Containers[0].Ports, func(p corev1.ContainerPort) bool { return p.Name == port }) {
			t.Errorf("%s has no port %q", name, port)
		}
	}
}
