package main

import (
	"bytes"
	"image/png"
	"os"
	"testing"
)

// The files in assets are this drawing: whoever changes one without the other is told so. The PNG is compared by its
// pixels, since another compressor may write the same picture in other bytes.
func TestAssetsAreTheDrawing(t *testing.T) {
	kept, err := os.ReadFile("../../assets/icon.svg")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(kept, vector()) {
		t.Error("assets/icon.svg is not what icon draws: run `go run ./icon ../assets` in tools")
	}
	file, err := os.Open("../../assets/icon.png")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	seen, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	drawn, err := png.Decode(bytes.NewReader(raster()))
	if err != nil {
		t.Fatal(err)
	}
	if seen.Bounds() != drawn.Bounds() {
		t.Fatalf("assets/icon.png is %v, the drawing %v", seen.Bounds(), drawn.Bounds())
	}
	for y := range size {
		for x := range size {
			if seen.At(x, y) != drawn.At(x, y) {
				t.Fatalf("assets/icon.png differs from the drawing at %d,%d: run `go run ./icon ../assets` in tools", x, y)
			}
		}
	}
}
