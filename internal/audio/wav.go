package audio

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// WAV returns a RIFF file of 16-bit samples at 8000 a second; with two channels samples alternate left, right.
func WAV(samples []int16, channels int) []byte {
	n := len(samples) * 2
	b := make([]byte, 44, 44+n)
	le := binary.LittleEndian
	copy(b, "RIFF")
	le.PutUint32(b[4:], uint32(36+n))
	copy(b[8:], "WAVEfmt ")
	le.PutUint32(b[16:], 16)
	le.PutUint16(b[20:], 1)
	le.PutUint16(b[22:], uint16(channels))
	le.PutUint32(b[24:], Rate)
	le.PutUint32(b[28:], uint32(Rate*2*channels))
	le.PutUint16(b[32:], uint16(2*channels))
	le.PutUint16(b[34:], 16)
	copy(b[36:], "data")
	le.PutUint32(b[40:], uint32(n))
	for _, s := range samples {
		b = le.AppendUint16(b, uint16(s))
	}
	return b
}

// ErrNotWAV is a file that is no RIFF/WAVE.
var ErrNotWAV = errors.New("this is no WAV file")

// ReadWAV returns the samples of a file as one channel at 8000 a second. It takes 16-bit PCM, A-law and u-law at any
// rate from 8000 to 48000 with one or two channels: stereo is averaged, other rates are brought to 8000 by averaging
// or repeating neighbours.
func ReadWAV(b []byte) ([]int16, error) {
	if len(b) < 12 || string(b[:4]) != "RIFF" || string(b[8:12]) != "WAVE" {
		return nil, ErrNotWAV
	}
	le := binary.LittleEndian
	var format, channels, bits uint16
	var rate uint32
	for p := 12; p+8 <= len(b); {
		name, size := string(b[p:p+4]), int(le.Uint32(b[p+4:]))
		body := b[p+8:]
		switch name {
		case "fmt ":
			if len(body) < 16 || size < 16 {
				return nil, ErrNotWAV
			}
			format, channels, rate, bits = le.Uint16(body), le.Uint16(body[2:]), le.Uint32(body[4:]), le.Uint16(body[14:])
		case "data":
			if format == 0 {
				return nil, ErrNotWAV
			}
			return samplesOf(body[:min(size, len(body))], format, channels, rate, bits)
		}
		if size < 0 || size > len(body) {
			break
		}
		p += 8 + size + size&1
	}
	return nil, fmt.Errorf("%w: it has no data", ErrNotWAV)
}

func samplesOf(b []byte, format, channels uint16, rate uint32, bits uint16) ([]int16, error) {
	if channels < 1 || channels > 2 || rate < 8000 || rate > 48000 {
		return nil, fmt.Errorf("a prompt has 1 or 2 channels and 8000 to 48000 samples a second; this has %d and %d", channels, rate)
	}
	var all []int16
	switch {
	case format == 1 && bits == 16:
		all = make([]int16, len(b)/2)
		for i := range all {
			all[i] = int16(binary.LittleEndian.Uint16(b[2*i:]))
		}
	case format == 6 || format == 7:
		law := ALaw
		if format == 7 {
			law = ULaw
		}
		all = make([]int16, len(b))
		law.Decode(all, b)
	default:
		return nil, fmt.Errorf("a prompt is 16-bit PCM, A-law or u-law; this is format %d with %d bits", format, bits)
	}
	return resample(mono(all, int(channels)), int(rate)), nil
}

func mono(s []int16, channels int) []int16 {
	if channels == 1 {
		return s
	}
	out := make([]int16, len(s)/2)
	for i := range out {
		out[i] = int16((int(s[2*i]) + int(s[2*i+1])) / 2)
	}
	return out
}

// resample averages the source samples that fall into each sample at 8000: a plain low-pass, enough for speech.
func resample(s []int16, rate int) []int16 {
	if rate == Rate {
		return s
	}
	out := make([]int16, len(s)*Rate/rate)
	for i := range out {
		from, to := i*rate/Rate, (i+1)*rate/Rate
		to = max(to, from+1)
		sum := 0
		for _, v := range s[from:min(to, len(s))] {
			sum += int(v)
		}
		out[i] = int16(sum / (to - from))
	}
	return out
}
