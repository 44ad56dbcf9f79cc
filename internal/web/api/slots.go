package api

import (
	"time"

	"ringback/internal/schedule"
	"ringback/internal/web/door"
)

// SlotsDoc is the times that visitors choose from. All zero: a time each quarter of an hour is offered, and any within
// opening hours is taken.
type SlotsDoc struct {
	EveryS   door.Seconds `json:"every_s"`  // from midnight
	Capacity int          `json:"capacity"` // calls for one slot; 0 = any number
	AheadS   door.Seconds `json:"ahead_s"`  // how far ahead may be booked
	NoticeS  door.Seconds `json:"notice_s"` // how long before
	WindowS  door.Seconds `json:"window_s"` // how late a promised call may begin
}

func slotsDoc(s schedule.Slots) SlotsDoc {
	return SlotsDoc{door.Seconds(s.Every), s.Capacity, door.Seconds(s.Ahead), door.Seconds(s.Notice), door.Seconds(s.Window)}
}

func (in SlotsDoc) read() (schedule.Slots, error) {
	s := schedule.Slots{Every: time.Duration(in.EveryS), Capacity: in.Capacity, Ahead: time.Duration(in.AheadS), Notice: time.Duration(in.NoticeS), Window: time.Duration(in.WindowS)}
	return s.Bare(), s.Check()
}
