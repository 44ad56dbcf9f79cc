package qr

// masks turn modules over so that no picture looks like a pattern of its own. Table 10.
var masks = [8]func(x, y int) bool{
	func(x, y int) bool { return (x+y)%2 == 0 },
	func(_, y int) bool { return y%2 == 0 },
	func(x, _ int) bool { return x%3 == 0 },
	func(x, y int) bool { return (x+y)%3 == 0 },
	func(x, y int) bool { return (y/2+x/3)%2 == 0 },
	func(x, y int) bool { return x*y%2+x*y%3 == 0 },
	func(x, y int) bool { return (x*y%2+x*y%3)%2 == 0 },
	func(x, y int) bool { return ((x+y)%2+x*y%3)%2 == 0 },
}

// canvas is a code in the making: which modules are patterns and not data.
type canvas struct {
	Code
	fixed [][]bool
}

func (v version) draw(data []byte, mask int) Code {
	c := v.patterns()
	c.format(mask)
	if v.n >= 7 {
		c.version(v.n)
	}
	c.fill(data, masks[mask])
	return c.Code
}

func (v version) patterns() *canvas {
	n := v.size()
	c := &canvas{}
	for range n {
		c.Code, c.fixed = append(c.Code, make([]bool, n)), append(c.fixed, make([]bool, n))
	}
	for _, at := range [][2]int{{0, 0}, {n - 7, 0}, {0, n - 7}} {
		c.finder(at[0], at[1])
	}
	for i := 8; i < n-8; i++ {
		c.set(i, 6, i%2 == 0)
		c.set(6, i, i%2 == 0)
	}
	for _, x := range v.align {
		for _, y := range v.align {
			if !c.fixed[y][x] || x == 6 && y > 8 && y < n-9 || y == 6 && x > 8 && x < n-9 {
				c.alignment(x, y)
			}
		}
	}
	c.set(8, n-8, true) // the module that is always dark
	return c
}

func (c *canvas) set(x, y int, dark bool) {
	if y >= 0 && x >= 0 && y < len(c.Code) && x < len(c.Code) {
		c.Code[y][x], c.fixed[y][x] = dark, true
	}
}

// finder is one of the three large squares with the light line around it.
func (c *canvas) finder(x, y int) {
	for dy := -1; dy <= 7; dy++ {
		for dx := -1; dx <= 7; dx++ {
			ring := max(abs(dx-3), abs(dy-3))
			c.set(x+dx, y+dy, ring != 2 && ring != 4)
		}
	}
}

func (c *canvas) alignment(x, y int) {
	for dy := -2; dy <= 2; dy++ {
		for dx := -2; dx <= 2; dx++ {
			c.set(x+dx, y+dy, max(abs(dx), abs(dy)) != 1)
		}
	}
}

// format tells error correction and mask, twice, with a BCH code of 15 bits.
func (c *canvas) format(mask int) {
	n := len(c.Code)
	bits := bch(mask, 10, 0x537) ^ 0x5412 // error correction M is 00
	for i := range 15 {
		dark := bits>>i&1 == 1
		switch {
		case i < 6:
			c.set(8, i, dark)
		case i < 8:
			c.set(8, i+1, dark)
		case i == 8:
			c.set(7, 8, dark)
		default:
			c.set(14-i, 8, dark)
		}
		if i < 8 {
			c.set(n-1-i, 8, dark)
		} else {
			c.set(8, n-15+i, dark)
		}
	}
}

// version tells the size, twice, with a BCH code of 18 bits.
func (c *canvas) version(n int) {
	bits := bch(n, 12, 0x1f25)
	for i := range 18 {
		x, y := i/3, len(c.Code)-11+i%3
		c.set(x, y, bits>>i&1 == 1)
		c.set(y, x, bits>>i&1 == 1)
	}
}

// bch appends the remainder of value·x^degree by a generator.
func bch(value, degree, generator int) int {
	rest := value << degree
	for i := 30; i >= degree; i-- {
		if rest>>i&1 == 1 {
			rest ^= generator << (i - degree)
		}
	}
	return value<<degree | rest
}

// fill puts the data in, two columns at a time, upwards and downwards from the right.
func (c *canvas) fill(data []byte, mask func(x, y int) bool) {
	n, i := len(c.Code), 0
	for right := n - 1; right > 0; right -= 2 {
		if right == 6 { // the column of the timing pattern
			right--
		}
		up := (right+1)&2 == 0
		for step := range n {
			y := step
			if up {
				y = n - 1 - step
			}
			for _, x := range []int{right, right - 1} {
				if c.fixed[y][x] {
					continue
				}
				dark := i < 8*len(data) && data[i/8]>>(7-i%8)&1 == 1
				i++
				c.Code[y][x] = dark != mask(x, y)
			}
		}
	}
}

// penalty is how hard the code is to read: runs, blocks, what looks like a finder, and more of one shade. Section 7.8.3.
func (c Code) penalty() (p int) {
	n, dark := len(c), 0
	for a := range n {
		for _, line := range [2]func(i int) bool{func(i int) bool { return c[a][i] }, func(i int) bool { return c[i][a] }} {
			p += runs(n, line)
		}
		for b := range n {
			if c[a][b] {
				dark++
			}
			if a > 0 && b > 0 && c[a][b] == c[a-1][b] && c[a][b] == c[a][b-1] && c[a][b] == c[a-1][b-1] {
				p += 3
			}
		}
	}
	return p + abs(dark*20-n*n*10)/(n*n)*10
}

// finderLike is 1:1:3:1:1 with four light modules on a side.
const finderLike, mirrored, width = 0b10111010000, 0b00001011101, 11

func runs(n int, at func(int) bool) (p int) {
	run, last := 0, 0
	for i := range n {
		if i > 0 && at(i) == at(i-1) {
			run++
		} else {
			run = 1
		}
		if run == 5 {
			p += 3
		} else if run > 5 {
			p++
		}
		if last = last << 1 & (1<<width - 1); at(i) {
			last |= 1
		}
		if i >= width-1 && (last == finderLike || last == mirrored) {
			p += 40
		}
	}
	return p
}

func abs(n int) int { return max(n, -n) }
