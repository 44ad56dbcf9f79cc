// Package qr draws a link as a QR code (ISO/IEC 18004), with error correction M: a seventh of it may be dirty.
package qr

import (
	"fmt"
	"image/color"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Code is a square of modules, true = dark.
type Code [][]bool

// New draws a text of at most 2,331 bytes.
func New(text string) (Code, error) {
	drawn, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return nil, fmt.Errorf("a QR code of %d bytes: %w", len(text), err)
	}
	side := drawn.Bounds().Dx()
	c := make(Code, side)
	for y := range c {
		c[y] = make([]bool, side)
		for x := range c[y] {
			c[y][x] = drawn.At(x, y) == color.Black
		}
	}
	return c, nil
}

// quiet is the light border that readers need, in modules.
const quiet = 4

// SVG is the code as a picture, with its border.
func (c Code) SVG() string {
	side := strconv.Itoa(len(c) + 2*quiet)
	var b strings.Builder
	b.WriteString(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ` + side + " " + side + `" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h` + side + "v" + side + `H0z"/><path d="`)
	for y, row := range c {
		for x, dark := range row {
			if dark {
				b.WriteString("M" + strconv.Itoa(x+quiet) + " " + strconv.Itoa(y+quiet) + "h1v1h-1z")
			}
		}
	}
	return b.String() + `"/></svg>` + "\n"
}

// Text is the code for a terminal, light on dark or dark on light: two rows of modules to a line.
func (c Code) Text() string {
	at := func(x, y int) bool {
		x, y = x-quiet, y-quiet
		return y >= 0 && x >= 0 && y < len(c) && x < len(c) && c[y][x]
	}
	var b strings.Builder
	for y := 0; y < len(c)+2*quiet; y += 2 {
		for x := range len(c) + 2*quiet {
			switch upper, lower := at(x, y), at(x, y+1); {
			case upper && lower:
				b.WriteString(" ")
			case upper:
				b.WriteString("▄")
			case lower:
				b.WriteString("▀")
			default:
				b.WriteString("█")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
