//go:build linux

package steer

import (
	"testing"
	"unsafe"

	"prefork/internal/scoreboard"
)

// The program and the workers mean the same places.
func TestLayoutIsTheScoreboards(t *testing.T) {
	var ours scoreboard.Line
	var theirs kernelLine
	for name, offsets := range map[string][2]uintptr{
		"size":     {unsafe.Sizeof(ours), unsafe.Sizeof(theirs)},
		"accepted": {unsafe.Offsetof(ours.Accepted), unsafe.Offsetof(theirs.Accepted)},
		"finished": {unsafe.Offsetof(ours.Finished), unsafe.Offsetof(theirs.Finished)},
		"progress": {unsafe.Offsetof(ours.Progress), unsafe.Offsetof(theirs.Progress)},
		"speaks":   {unsafe.Offsetof(ours.Speaks), unsafe.Offsetof(theirs.Speaks)},
	} {
		if offsets[0] != offsets[1] {
			t.Errorf("%s: %d on the scoreboard, %d in the program", name, offsets[0], offsets[1])
		}
	}
	spec, err := loadKernel()
	if err != nil {
		t.Fatal(err)
	}
	board, slots, sockets := spec.Maps[kernelMapBoard], spec.Maps[kernelMapSlots], spec.Maps[kernelMapSockets]
	if got := int(board.MaxEntries * board.ValueSize); got != scoreboard.Size {
		t.Errorf("the program's board has %d bytes, want %d", got, scoreboard.Size)
	}
	if slots.MaxEntries != scoreboard.MaxSlots || sockets.MaxEntries != scoreboard.MaxSlots {
		t.Errorf("the program has %d slots and %d sockets, want %d", slots.MaxEntries, sockets.MaxEntries, scoreboard.MaxSlots)
	}
	if size := unsafe.Sizeof(kernelSlot{}); size != 64 {
		t.Errorf("a slot has %d bytes, want a cache line", size)
	}
	if scoreboard.Seats != 2 {
		t.Error("SEATS in tables.h is not the scoreboard's")
	}
}
