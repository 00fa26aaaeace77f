//go:build linux

package scoreboard

import (
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func create(t *testing.T) (*Board, *os.File) {
	t.Helper()
	board, file, err := Create()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = file.Close()
		_ = unix.Munmap(board.memory)
	})
	return board, file
}

// Two workers that write to one cache line slow each other down.
func TestEachLineIsACacheLine(t *testing.T) {
	if size := unsafe.Sizeof(Line{}); size != 64 {
		t.Errorf("a line has %d bytes, want 64", size)
	}
	if size := unsafe.Sizeof(header{}); size != 64 {
		t.Errorf("the header has %d bytes, want 64", size)
	}
	board, _ := create(t)
	seen := make(map[uintptr]bool)
	start := uintptr(unsafe.Pointer(&board.memory[0]))
	for slot := range MaxSlots {
		for seat := range Seats {
			at := uintptr(unsafe.Pointer(board.Line(slot, seat)))
			if at%64 != 0 || at < start+64 || at+64 > start+Size || seen[at] {
				t.Fatalf("the line of %d.%d is at %#x of %#x to %#x", slot, seat, at, start, start+Size)
			}
			seen[at] = true
		}
	}
}

func TestSlotSumsUpItsSeats(t *testing.T) {
	board, _ := create(t)
	old, young := board.Line(7, 0), board.Line(7, 1)
	old.PID.Store(100)
	old.State.Store(uint32(Draining))
	old.Accepted.Store(10)
	old.Finished.Store(6)
	old.Cut.Store(1)
	old.Waits.Store(12)
	young.PID.Store(200)
	young.State.Store(uint32(Ready))
	young.Accepted.Store(3)
	young.Finished.Store(1)
	young.Waits.Store(3)
	young.Speaks.Store(1)
	want := Slot{PID: 200, Ready: true, Open: 5, Accepted: 13, Finished: 7, Cut: 1, Waits: 15, Speaks: true}
	if got := board.Slot(7); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	for _, slot := range []int{0, 6, 8, MaxSlots - 1} {
		if got := board.Slot(slot); got != (Slot{}) {
			t.Errorf("slot %d: %+v, want nothing", slot, got)
		}
	}
}

func TestOnlyTheReadyAreReady(t *testing.T) {
	board, _ := create(t)
	for _, state := range []State{Gone, Starting, Ready, Draining} {
		board.Line(0, 1).PID.Store(9)
		board.Line(0, 1).State.Store(uint32(state))
		if got := board.Slot(0); got.Ready != (state == Ready) || (got.PID == 9) != got.Ready {
			t.Errorf("%v: %+v", state, got)
		}
	}
}

func TestStatesHaveNames(t *testing.T) {
	for state, want := range map[State]string{Gone: "gone", Starting: "starting", Ready: "ready", Draining: "draining", 9: "state 9"} {
		if got := state.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestOver(t *testing.T) {
	aligned := func(size int) []byte {
		words := make([]uint64, size/8)
		return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), size)
	}
	memory := aligned(Size)
	board, err := Over(memory)
	if err != nil {
		t.Fatal(err)
	}
	board.Line(3, 1).Accepted.Store(5)
	again, err := Over(memory) // a board already: what it says stays
	if err != nil || again.Slot(3).Accepted != 5 {
		t.Errorf("%v, %v", again, err)
	}
	foreign := aligned(Size)
	foreign[0] = 1
	if _, err := Over(foreign); err == nil || !strings.Contains(err.Error(), "foreign memory") {
		t.Errorf("foreign memory: %v", err)
	}
	if foreign[0] != 1 || foreign[7] != 0 {
		t.Error("foreign memory was written to")
	}
	for _, size := range []int{8, Size - 8, Size + 8} {
		if _, err := Over(aligned(size)); err == nil {
			t.Errorf("%d bytes are accepted", size)
		}
	}
	if _, err := Over(nil); err == nil {
		t.Error("no memory is accepted")
	}
}

// Master and worker each map the memfd, and the board outlives the file.
func TestTwoMappingsAreOneBoard(t *testing.T) {
	master, file := create(t)
	worker, err := Map(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(worker.memory)
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	worker.Line(1, 0).Accepted.Add(2)
	master.Line(1, 0).State.Store(uint32(Ready))
	master.Line(1, 0).PID.Store(42)
	if got, want := worker.Slot(1), master.Slot(1); got != want || got.Accepted != 2 || got.PID != 42 {
		t.Errorf("the worker sees %+v, the master %+v", got, want)
	}
}

func TestMapRefusesWhatIsNoBoard(t *testing.T) {
	fd, err := unix.MemfdCreate("other", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	text := append([]byte("no board"), make([]byte, Size-8)...)
	if _, err := unix.Write(fd, text); err != nil {
		t.Fatal(err)
	}
	if _, err := Map(fd); err == nil {
		t.Error("a board over another's memory")
	}
	if _, err := Map(-1); err == nil {
		t.Error("a board without a file")
	}
}

// The master reads while a worker counts: a policy that saw fewer than none would
// send everything there.
func TestOpenIsNeverNegative(t *testing.T) {
	board, _ := create(t)
	var writers sync.WaitGroup
	var enough atomic.Bool
	for seat := range Seats {
		line := board.Line(0, seat)
		writers.Go(func() {
			for !enough.Load() {
				line.Accepted.Add(1)
				line.Finished.Add(1)
			}
		})
	}
	for range 200000 {
		if sum := board.Slot(0); sum.Open < 0 || sum.Accepted < sum.Finished {
			t.Errorf("%+v", sum)
			break
		}
	}
	enough.Store(true)
	writers.Wait()
	if sum := board.Slot(0); sum.Open != 0 || sum.Finished != sum.Accepted {
		t.Errorf("in the end: %+v", sum)
	}
}

func TestNonsenseCountsForNothing(t *testing.T) {
	for name, write := range map[string]func(*Line){
		"more finished than taken":   func(l *Line) { l.Finished.Add(1000) },
		"more open than can be":      func(l *Line) { l.Accepted.Add(1 << 30) },
		"more taken than in a life":  func(l *Line) { l.Accepted.Store(1 << 60); l.Finished.Store(1 << 60) },
		"speaks in words of its own": func(l *Line) { l.Speaks.Store(7) },
	} {
		board, _ := create(t)
		line, other := board.Line(0, 0), board.Line(0, 1)
		other.Accepted.Store(5)
		other.Finished.Store(5)
		line.Accepted.Store(9)
		line.Finished.Store(8)
		sane, began := board.Slot(0), line.Counts()
		write(line)
		if line.Sane() {
			t.Errorf("%s: taken for sane", name)
		}
		if got := board.Slot(0); got.Accepted != 5 || got.Open != 0 {
			t.Errorf("%s: the slot is %+v, want what the other worker says", name, got)
		}
		line.Restore(began)
		if got := board.Slot(0); got != sane {
			t.Errorf("%s: the slot is %+v when restored, was %+v", name, got, sane)
		}
	}
}

// Who reads while a worker writes may come a little late.
func TestALittleLateIsSane(t *testing.T) {
	board, _ := create(t)
	board.Line(0, 0).Finished.Store(2)
	if !board.Line(0, 0).Sane() {
		t.Error("two finished, none taken: taken for nonsense")
	}
}
