package browser_test

import (
	"bytes"
	"flag"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/imds-probe/imds-probe/e2e/harness"
	"github.com/imds-probe/imds-probe/probes/imdstest"
)

var update = flag.Bool("update", false, "take the screenshots in docs/images anew")

// maxImage is what a screenshot may weigh in the repository.
const maxImage = 150 << 10

// TestScreenshots takes the pictures that the README shows: a well instance, and
// two that are not. Without -update it looks at those that are there.
func TestScreenshots(t *testing.T) {
	for _, shot := range []struct {
		before, scenario, scheme string
		width                    int64
	}{
		{"firewall_reject", "healthy", "light", 1200},
		{"healthy", "no_role", "light", 1200},
		{"healthy", "rotation_stalled", "dark", 1200},
	} {
		t.Run(shot.scenario, func(t *testing.T) {
			path := filepath.Join(harness.Root(), "docs", "images", shot.scenario+".png")
			if *update {
				image := take(t, shot.before, shot.scenario, shot.scheme, shot.width)
				if err := os.WriteFile(path, image, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			image, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v: go test ./browser -update takes it", err)
			}
			if len(image) > maxImage {
				t.Errorf("%d bytes, want %d at most", len(image), maxImage)
			}
			if config, err := png.DecodeConfig(bytes.NewReader(image)); err != nil || config.Width != int(shot.width) {
				t.Errorf("not a picture of %d px: %v", shot.width, err)
			}
		})
	}
}

// take takes a picture of a page on a host that is called as one of EC2's.
func take(t *testing.T, before, scenario, scheme string, width int64) []byte {
	t.Helper()
	harness.NeedRoot(t)
	i, b := watchOn(t, imdstest.Hostname, imdstest.MustFind(before)), open(t)
	i.await(t, imdstest.MustFind(before).Condition)
	i.change(t, imdstest.MustFind(scenario))
	b.look(t, width, scheme)
	b.visit(t, i.page())
	b.await(t, `document.querySelector("#live-text").innerText === "live"`)
	image, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	return squeeze(t, image)
}

// squeeze lets pngquant reduce the colours of a picture.
func squeeze(t *testing.T, image []byte) []byte {
	t.Helper()
	quant := exec.CommandContext(t.Context(), harness.NeedCommand(t, "pngquant", "pngquant"), "--quality=70-95", "--speed=1", "--strip", "-")
	quant.Stdin = bytes.NewReader(image)
	out, err := quant.Output()
	if err != nil {
		t.Fatalf("%v: %v", quant, err)
	}
	return out
}
