package store

import (
	"database/sql"

	"ringback/internal/id"
	"ringback/internal/login"
	"ringback/internal/store/micro"
)

const userColumns = "id, slug, name, email, role, subscribers, password_hash, invite_hash, invite_until, created_at, updated_at"

func userRow(_ *DB, u *login.User) []any {
	return []any{string(u.ID), orNull(u.Slug), u.Name, u.Email, string(u.Role), toJSON(u.Subscribers), u.PasswordHash, u.InviteHash, micro.Of(u.InviteUntil), micro.Of(u.CreatedAt), micro.Of(u.UpdatedAt)}
}

func scanUser(scan scanner) (u login.User, err error) {
	var slug sql.NullString
	var subscribers []byte
	var until, created, updated int64
	if err := scan(&u.ID, &slug, &u.Name, &u.Email, &u.Role, &subscribers, &u.PasswordHash, &u.InviteHash, &until, &created, &updated); err != nil {
		return u, err
	}
	u.Slug, u.InviteUntil, u.CreatedAt, u.UpdatedAt = slug.String, micro.Time(until), micro.Time(created), micro.Time(updated)
	return u, fromJSON(subscribers, &u.Subscribers)
}

func userID(u *login.User) id.User { return u.ID }
