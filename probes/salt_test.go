package probes_test

import (
	"testing"

	"github.com/imds-probe/imds-probe/probes"
)

func TestHash(t *testing.T) {
	one, two := probes.Salt{1}, probes.Salt{2}
	a := one.Hash([]byte("ASIAEXAMPLE"))
	if a != one.Hash([]byte("ASIAEXAMPLE")) {
		t.Error("equal keys hash differently")
	}
	if a == two.Hash([]byte("ASIAEXAMPLE")) || a == one.Hash([]byte("ASIAEXAMPLF")) {
		t.Error("different salts or keys hash equally")
	}
	if first := probes.NewSalt(); first == probes.NewSalt() {
		t.Error("salts repeat")
	}
}
