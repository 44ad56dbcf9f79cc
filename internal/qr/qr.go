// Package qr draws a link as a QR code (ISO/IEC 18004): bytes, error correction M, up to 213 bytes. Enough for the address of
// a button, small enough to be read here.
package qr

import (
	"errors"
	"strconv"
	"strings"
)

// ErrTooLong: the text has more than 213 bytes.
var ErrTooLong = errors.New("qr: the text is too long for a code")

// Code is a square of modules, true = dark.
type Code [][]bool

// New draws a text.
func New(text string) (Code, error) {
	v, err := versionFor(len(text))
	if err != nil {
		return nil, err
	}
	data := v.interleaved(v.codewords([]byte(text)))
	var best Code
	least := -1
	for mask := range masks {
		c := v.draw(data, mask)
		if p := c.penalty(); least < 0 || p < least {
			best, least = c, p
		}
	}
	return best, nil
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
