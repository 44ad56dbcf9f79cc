package main

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

const run = `{"Action":"build-output","ImportPath":"a","Output":"x.go:1: undefined: y\n"}
{"Action":"build-fail","ImportPath":"a"}
{"Action":"output","Package":"b","Test":"TestGood","Output":"secret chatter\n"}
{"Action":"pass","Package":"b","Test":"TestGood","Elapsed":0.1}
{"Action":"output","Package":"b","Test":"TestBad","Output":"=== RUN   TestBad\n"}
{"Action":"output","Package":"b","Test":"TestBad","Output":"    b_test.go:7: heard nothing\n"}
{"Action":"fail","Package":"b","Test":"TestBad","Elapsed":2.5}
{"Action":"output","Package":"b","Test":"TestPeer","Output":"    b_test.go:9: baresip is not installed\n"}
{"Action":"output","Package":"b","Test":"TestPeer","Output":"--- SKIP: TestPeer (0.00s)\n"}
{"Action":"skip","Package":"b","Test":"TestPeer"}
{"Action":"output","Package":"b","Test":"TestSoak","Output":"    b_test.go:9: long: make soak\n"}
{"Action":"skip","Package":"b","Test":"TestSoak"}
{"Action":"fail","Package":"b","Elapsed":3}
{"Action":"skip","Package":"c"}
go: a word from go itself
{"Action":"output","Package":"e","Test":"TestDies","Output":"=== RUN   TestDies\n"}
{"Action":"output","Package":"e","Test":"TestDies","Output":"panic: out of the blue\n"}
{"Action":"output","Package":"e","Output":"FAIL\te\t0.004s\n"}
{"Action":"fail","Package":"e","Elapsed":0.1}
{"Action":"fail","Package":"f","Test":"TestTree/leaf","Elapsed":0.1}
{"Action":"fail","Package":"f","Test":"TestTree","Elapsed":0.1}
{"Action":"fail","Package":"f","Elapsed":0.1}
{"Action":"output","Package":"d","Output":"ok  \td\t(cached)\n"}
{"Action":"pass","Package":"d","Elapsed":0}
`

func TestSaysWhatFailedAndWhatDidNotRun(t *testing.T) {
	var w bytes.Buffer
	r := read(strings.NewReader(run), &w)
	if !r.failed {
		t.Error("two failures were not seen")
	}
	if want := []string{"b TestPeer: baresip is not installed"}; !slices.Equal(r.skipped, want) {
		t.Errorf("skipped %q, want %q", r.skipped, want)
	}
	got := w.String()
	for _, want := range []string{"x.go:1: undefined: y", "FAIL    2.5 s  b TestBad\n", "b_test.go:7: heard nothing", "go: a word", "d (cached)", "CUT OFF       e TestDies\n    panic: out of the blue\n", "1 tests passed, 1 skipped"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if r.unbuilt = false; !slices.Equal(r.again(), []string{"b TestBad", "e .", "f TestTree"}) {
		t.Errorf("to be tried once more: %q", r.again())
	}
	if strings.Contains(got, "chatter") || strings.Contains(got, "=== RUN") {
		t.Errorf("too much is said:\n%s", got)
	}
}

func TestNoSecondTry(t *testing.T) {
	for _, run := range []string{
		`{"Action":"output","Package":"a","Test":"TestX","Output":"WARNING: DATA RACE\n"}
{"Action":"fail","Package":"a","Test":"TestX"}`,
		`{"Action":"build-fail","ImportPath":"a"}
{"Action":"fail","Package":"a"}`,
	} {
		if r := read(strings.NewReader(run), &bytes.Buffer{}); !r.failed || len(r.again()) > 0 {
			t.Errorf("failed %v, once more %q after %s", r.failed, r.again(), run)
		}
	}
}

func TestABuildFailureAloneFails(t *testing.T) {
	r := read(strings.NewReader(`{"Action":"build-fail","ImportPath":"a"}`), &bytes.Buffer{})
	if !r.failed {
		t.Error("a package that does not build passed")
	}
	if r := read(strings.NewReader(`{"Action":"pass","Package":"a"}`), &bytes.Buffer{}); r.failed {
		t.Error("a good run failed")
	}
}
