package store

import (
	"slices"
	"testing"
	"time"

	"ringback/internal/id"
	"ringback/internal/login"
)

// Over is who has no session that lives, of those who have one that does not.
func TestSessionsOver(t *testing.T) {
	databases(t, func(t *testing.T, url string) {
		h, db := house(t, url)
		now := h.Clock.Now().UTC()
		put := func(token string, a id.Agent, created, seen time.Duration) {
			if err := db.PutSession(t.Context(), login.Session{TokenHash: token, Person: id.Person(a), CreatedAt: now.Add(-created), SeenAt: now.Add(-seen)}); err != nil {
				t.Fatal(err)
			}
		}
		over := func(want ...id.Agent) {
			t.Helper()
			if got, err := db.SessionsOver(t.Context(), now); err != nil || !slices.Equal(got, want) {
				t.Errorf("over are %v, %v; want %v", got, err, want)
			}
		}
		over()
		put("a", h.Ann, time.Hour, time.Hour)
		put("b", h.Bob, login.MaxAge, time.Minute) // too old, though it is used
		over(h.Bob)
		put("c", h.Bob, time.Hour, 0)
		over()
		put("d", h.Ann, 13*time.Hour, login.Idle)
		over()
		if err := db.EndSession(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		over(h.Ann)
	})
}
