// Package fault does to the real program what happens to programs: kill -9 while telephones ring, a full disk, a disk
// that fails, a pause. Its oracles are the ledger of the simulated telephone network, which shares no code with the
// switch, and the public API.
//
//	make fault                          # all of it: minutes
//	SEED=7 KILLS=100 make fault         # other moments, more of them
//	go test ./test/fault                # ten kills: a minute
package fault
