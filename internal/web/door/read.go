package door

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"ringback/internal/fault"
)

// MaxBody is the largest body that is read.
const MaxBody = 64 << 10

// WAV stands for a body that is a WAV file.
type WAV struct{}

// maxSound is the largest recording that is read.
const maxSound = 2<<20 + 1

// Sound says whether the body is a recording.
func Sound(r *http.Request) bool {
	t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return t == "audio/wav" || t == "audio/x-wav" || t == "audio/wave" || t == "audio/vnd.wave"
}

// Most is how much of a body is read: a recording, where one is taken and to who shows a key or a session, may be larger.
func Most(r *http.Request) int64 {
	if Sound(r) && strings.HasPrefix(r.URL.Path, "/api/v1/subscribers/") && (r.Header.Get("Authorization") != "" || Session(r) != "") {
		return maxSound
	}
	return MaxBody
}

// Form says whether the body is a form of a web page.
func Form(r *http.Request) bool {
	t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return t == "application/x-www-form-urlencoded"
}

// ReadForm parses the body as a form of at most MaxBody bytes.
func ReadForm(r *http.Request) error {
	if !Form(r) {
		return fault.New(fault.UnsupportedMedia, "Send the form as application/x-www-form-urlencoded.")
	}
	if err := r.ParseForm(); err != nil {
		return BadBody(err)
	}
	return nil
}

// Strict reads a JSON body and refuses a field that v has not.
func Strict(r *http.Request, v any) error { return read(r, v, true) }

// Lenient reads a JSON body and passes over fields that v has not: an older server takes a newer widget.
func Lenient(r *http.Request, v any) error { return read(r, v, false) }

func read(r *http.Request, v any, strict bool) error {
	b, err := Body(r)
	if err != nil {
		return err
	}
	return Decode(b, v, strict)
}

// Body reads the whole body, which must be JSON. No body is an empty object.
func Body(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, BadBody(err)
	}
	if len(bytes.TrimSpace(b)) == 0 {
		return []byte("{}"), nil
	}
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || t != "application/json" && !strings.HasSuffix(t, "+json") {
		return nil, fault.New(fault.UnsupportedMedia, "Send JSON, with Content-Type: application/json.")
	}
	return b, nil
}

// BadBody is the fault of a body that could not be read.
func BadBody(err error) error {
	var long *http.MaxBytesError
	if errors.As(err, &long) {
		return fault.New(fault.TooLarge, "The body is larger than %d kB.", long.Limit>>10)
	}
	return fault.New(fault.MalformedJSON, "The body could not be read to its end.").Because(err)
}

// Decode reads one JSON object into v. Errors are malformed_json, wrong_type, unknown_field, or the fault of a value's
// own reader.
func Decode(b []byte, v any, strict bool) error {
	if !utf8.Valid(b) {
		return fault.New(fault.MalformedJSON, "The body is no JSON: it is not UTF-8.")
	}
	if bytes.Equal(bytes.TrimSpace(b), []byte("null")) { // which a decoder takes for an empty object
		return fault.New(fault.WrongType, "The body must be a JSON object, not null.")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if strict {
		d.DisallowUnknownFields()
	}
	if err := d.Decode(v); err != nil {
		return badJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return fault.New(fault.MalformedJSON, "Something follows the JSON object. Send one object.")
	}
	return nil
}

func badJSON(err error) error {
	var f *fault.Fault
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &wrong):
		if wrong.Field == "" {
			return fault.New(fault.WrongType, "The body must be a JSON object, not %s.", a(wrong.Value))
		}
		return fault.At(wrong.Field, fault.WrongType, "%s takes %s, not %s.", wrong.Field, a(plain(wrong.Type.Kind().String())), a(wrong.Value))
	}
	// The library has no type for this error: go.dev/issue/29035.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		name = strings.Trim(name, `"`)
		return fault.At(name, fault.UnknownField, "There is no field %.64q here.", name)
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.New(fault.MalformedJSON, "The body is no JSON.").Because(err)
	}
	return fault.New(fault.WrongType, "%v.", err) // of a value that reads itself, such as hours or money
}

// a puts an article before a noun, but for a number as it was written ("number 5.5").
func a(noun string) string {
	switch {
	case noun == "true or false":
		return noun
	case strings.ContainsRune("aeiou", rune(noun[0])):
		return "an " + noun
	}
	return "a " + noun
}

func plain(kind string) string {
	switch {
	case strings.HasPrefix(kind, "int"), strings.HasPrefix(kind, "uint"):
		return "whole number"
	case strings.HasPrefix(kind, "float"):
		return "number"
	case kind == "bool":
		return "true or false"
	case kind == "slice":
		return "list"
	case kind == "map", kind == "struct", kind == "ptr":
		return "object"
	}
	return kind
}
