package qr

import (
	"strings"
	"testing"
)

// What a reader looks for first: a square in three corners, and none in the fourth.
func TestCorners(t *testing.T) {
	const finder = "1111111 1000001 1011101 1011101 1011101 1000001 1111111"
	for _, text := range []string{"x", "https://call.example.com/b/acme-main", strings.Repeat("https://call.example.com/b/acme-main?", 20)} {
		c, err := New(text)
		if err != nil {
			t.Fatal(err)
		}
		n := len(c)
		if (n-17)%4 != 0 {
			t.Errorf("%d bytes: %d modules wide", len(text), n)
		}
		for i, at := range [][2]int{{0, 0}, {n - 7, 0}, {0, n - 7}, {n - 7, n - 7}} {
			if got := c.part(at[0], at[1]); (got == finder) != (i < 3) {
				t.Errorf("%d bytes, corner %d: %s", len(text), i, got)
			}
		}
	}
}

func (c Code) part(x, y int) string {
	rows := make([]string, 7)
	for i := range rows {
		for _, dark := range c[y+i][x : x+7] {
			rows[i] += map[bool]string{true: "1", false: "0"}[dark]
		}
	}
	return strings.Join(rows, " ")
}

func TestTooLong(t *testing.T) {
	if _, err := New(strings.Repeat("x", 3000)); err == nil {
		t.Error("3,000 bytes were drawn")
	}
}

func TestPictures(t *testing.T) {
	c, err := New("https://call.example.com/b/acme-main")
	if err != nil {
		t.Fatal(err)
	}
	if s := c.SVG(); !strings.HasPrefix(s, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 37 37"`) || strings.Count(s, "h1v1h-1z") < 300 {
		t.Errorf("%.200s", s)
	}
	if lines := strings.Split(strings.TrimSuffix(c.Text(), "\n"), "\n"); len(lines) != 19 || lines[0] != strings.Repeat("█", 37) {
		t.Errorf("%d lines, the first %q", len(lines), lines[0])
	}
}
