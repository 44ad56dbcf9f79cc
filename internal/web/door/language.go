package door

import (
	"context"
	"net/http"

	"ringback/internal/words"
)

// spoken is in which language a request's faults are said. What is read of the request may change it.
type spoken struct{ in *words.Language }

// WithLanguage lets faults of a request be said in a visitor's language; Speak says which.
func WithLanguage(ctx context.Context, l *words.Language) context.Context {
	return context.WithValue(ctx, languageKey, &spoken{l})
}

// Language is in which language a request's faults are said.
func Language(ctx context.Context) *words.Language {
	if s, ok := ctx.Value(languageKey).(*spoken); ok {
		return s.in
	}
	return words.English()
}

// Asked is the language that a request asks for: ?lang=, else the first of its Accept-Language that there is; "" = none.
func Asked(r *http.Request, b *words.Book) string {
	if tag := r.URL.Query().Get("lang"); b.Find(tag) != nil {
		return tag
	}
	return b.Accepted(r.Header.Get("Accept-Language"))
}

// Speak chooses the language of an answer and of its faults: the first of the tags that there is one for.
func Speak(r *http.Request, b *words.Book, tags ...string) *words.Language {
	l := b.Choose(tags...)
	if s, ok := r.Context().Value(languageKey).(*spoken); ok {
		s.in = l
	}
	return l
}
