package doctor_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestDocumentedPolicy: with the policy that the documentation gives, and
// nothing else, no topic lacks a permission.
func TestDocumentedPolicy(t *testing.T) {
	t.Parallel()
	docs, err := os.ReadFile(filepath.Join("..", "..", "docs", "iam-doctor.md"))
	if err != nil {
		t.Fatal(err)
	}
	policy := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(docs)
	if policy == nil {
		t.Fatal("docs/iam-doctor.md has no policy")
	}
	_, k := shared.admin.newUser(t, string(policy[1]))
	for topic, args := range topics(t) {
		r := diagnose(t, k, args...)
		for _, s := range r.Steps {
			if s.Lacks != "" || s.Status == "unknown" {
				t.Errorf("%s: %+v", topic, s)
			}
		}
		if topic == "instance" && r.step(t, "association").Evidence["association_id"] == "" {
			t.Errorf("%s: no association", topic)
		}
	}
}
