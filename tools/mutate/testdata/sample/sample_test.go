package sample

import "testing"

func TestClamp(t *testing.T) {
	if clamp(11) != 10 || clamp(5) != 5 {
		t.Error("wrong")
	}
}

func TestSum(t *testing.T) {
	if _, err := sum(nil, false); err == nil {
		t.Error("no error")
	}
	if n, err := sum([]int{1, 2}, false); n != 3 || err != nil {
		t.Error("wrong")
	}
	if n, err := sum([]int{1, 2}, true); n != 2 || err != nil {
		t.Error("wrong")
	}
}

func TestUnheard(*testing.T) { unheard(map[string]bool{}) }
