//go:build linux

package scoreboard

import (
	"errors"
	"os"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

func newScores(t *testing.T) Scores {
	t.Helper()
	board, file, err := Create()
	if err != nil {
		t.Fatal(err)
	}
	roll, rollFile, err := NewRoll()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = file.Close(), rollFile.Close()
		_, _ = unix.Munmap(board.memory), unix.Munmap(roll.memory)
	})
	return Scores{board, roll}
}

// Two workers that write to one cache line slow each other down.
func TestEachLineIsACacheLine(t *testing.T) {
	if size := unsafe.Sizeof(Line{}); size != 64 {
		t.Errorf("a line has %d bytes, want 64", size)
	}
	if size := unsafe.Sizeof(header{}); size != 64 {
		t.Errorf("the header has %d bytes, want 64", size)
	}
	if size := unsafe.Sizeof(entry{}); size != 64 {
		t.Errorf("an entry of the roll has %d bytes, want 64", size)
	}
	board := newScores(t).Board
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
	scores := newScores(t)
	dead := scores.Line(7, 1)
	dead.Accepted.Store(5)
	dead.Finished.Store(4)
	dead.Waits.Store(6)
	if cut, sane := scores.Settle(7, 1); cut != 1 || !sane {
		t.Errorf("%d cut, sane %t, want 1", cut, sane)
	}
	old, young := scores.Line(7, 0), scores.Line(7, 1)
	scores.Set(7, 0, 100, Draining)
	old.Accepted.Store(10)
	old.Finished.Store(6)
	old.Waits.Store(12)
	scores.Set(7, 1, 200, Ready)
	young.Accepted.Store(3)
	young.Finished.Store(1)
	young.Waits.Store(3)
	young.Speaks.Store(1)
	want := Slot{Counts: Counts{Accepted: 18, Finished: 11, Cut: 1, Waits: 21}, PID: 200, Open: 6, Speaks: true}
	if got := scores.Slot(7); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := scores.Taken(7); got != 13 {
		t.Errorf("the present workers have taken %d, want 13", got)
	}
	for _, slot := range []int{0, 6, 8, MaxSlots - 1} {
		if got := scores.Slot(slot); got != (Slot{}) {
			t.Errorf("slot %d: %+v, want nothing", slot, got)
		}
	}
}

func TestOnlyTheReadyAreReady(t *testing.T) {
	scores := newScores(t)
	for _, state := range []State{Gone, Starting, Ready, Draining} {
		scores.Set(0, 1, 9, state)
		if got := scores.Slot(0).PID; (got == 9) != (state == Ready) || got != scores.Ready(0) {
			t.Errorf("%v: %d is ready", state, got)
		}
		if pid, is := scores.At(0, 1); pid != 9 || is != state {
			t.Errorf("process %d is %v, want 9, %v", pid, is, state)
		}
		if !scores.Used(0) || scores.Used(1) {
			t.Errorf("%v: used are %t, %t", state, scores.Used(0), scores.Used(1))
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
	if err != nil || again.Taken(3) != 5 {
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
	master, file, err := Create()
	if err != nil {
		t.Fatal(err)
	}
	worker, err := Map(int(file.Fd()))
	if err := errors.Join(err, file.Close()); err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(master.memory)
	defer unix.Munmap(worker.memory)
	worker.Line(1, 0).Accepted.Add(2)
	if got := master.Taken(1); got != 2 {
		t.Errorf("the master sees %d taken, want 2", got)
	}
}

// The next image of a master opens the roll again; others may only read it.
func TestARollIsOpenedAgain(t *testing.T) {
	roll, file, err := NewRoll()
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	defer unix.Munmap(roll.memory)
	roll.Set(3, 1, 42, Ready)
	for name, open := range map[string]func(int) (*Roll, error){"to write": OpenRoll, "to read": readRoll} {
		again, err := open(int(file.Fd()))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		defer unix.Munmap(again.memory)
		if pid, state := again.At(3, 1); pid != 42 || state != Ready {
			t.Errorf("%s: process %d is %v, want 42, ready", name, pid, state)
		}
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil || !regexp.MustCompile(`r--s .*`+rollName).Match(maps) {
		t.Errorf("the reader can write (%v):\n%s", err, maps)
	}
}

// A file that a worker had cut short would be the master's end by SIGBUS.
func TestBothKeepTheirLength(t *testing.T) {
	_, board, err := Create()
	if err != nil {
		t.Fatal(err)
	}
	defer board.Close()
	_, roll, err := NewRoll()
	if err != nil {
		t.Fatal(err)
	}
	defer roll.Close()
	for _, file := range []*os.File{board, roll} {
		for _, size := range []int64{0, 1 << 20} {
			if err := file.Truncate(size); !errors.Is(err, unix.EPERM) {
				t.Errorf("%s cut to %d bytes: %v", file.Name(), size, err)
			}
		}
		if _, err := unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE); !errors.Is(err, unix.EPERM) {
			t.Errorf("%s sealed against its writers: %v", file.Name(), err)
		}
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

// Others read while workers count, and while the master settles what dead ones have
// counted: a policy that saw fewer than none would send everything there, and the
// lab would draw what was served backwards.
func TestReadersSeeNothingGoBackwards(t *testing.T) {
	scores := newScores(t)
	var writers sync.WaitGroup
	var enough atomic.Bool
	const lives = 100
	for seat := range Seats {
		line := scores.Line(0, seat)
		writers.Go(func() {
			for n := uint64(0); !enough.Load(); {
				n++
				line.Accepted.Store(n)
				line.Finished.Store(n)
				if n == lives && seat == 0 { // one that ends, and is followed by another
					scores.Settle(0, seat)
					n = 0
				}
			}
		})
	}
	var before Slot
	for range 100000 {
		sum := scores.Slot(0)
		if sum.Open < 0 || sum.Accepted < sum.Finished || sum.Accepted < before.Accepted || sum.Finished < before.Finished {
			t.Errorf("%+v after %+v", sum, before)
			break
		}
		before = sum
	}
	enough.Store(true)
	writers.Wait()
	if sum := scores.Slot(0); sum.Open != 0 || sum.Finished != sum.Accepted {
		t.Errorf("in the end: %+v", sum)
	}
}

// nonsense is what no worker can have counted.
var nonsense = map[string]func(*Line){
	"more finished than taken":   func(l *Line) { l.Finished.Add(1000) },
	"more open than can be":      func(l *Line) { l.Accepted.Add(1 << 30) },
	"more taken than in a life":  func(l *Line) { l.Accepted.Store(1 << 60); l.Finished.Store(1 << 60) },
	"more waits than in a life":  func(l *Line) { l.Waits.Store(1 << 60) },
	"speaks in words of its own": func(l *Line) { l.Speaks.Store(7) },
}

func TestNonsenseCountsForNothing(t *testing.T) {
	for name, write := range nonsense {
		scores := newScores(t)
		line, other := scores.Line(0, 0), scores.Line(0, 1)
		other.Accepted.Store(5)
		other.Finished.Store(5)
		other.Speaks.Store(1)
		line.Accepted.Store(9)
		line.Finished.Store(8)
		if !scores.Check(0, 1) {
			t.Errorf("%s: what is true is taken for nonsense", name)
		}
		write(line)
		if line.Sane() || scores.Check(0, 1) {
			t.Errorf("%s: taken for sane", name)
		}
		if got := scores.Slot(0); got.Accepted != 5 || got.Open != 0 || got.Speaks {
			t.Errorf("%s: the slot is %+v, want what the other worker says, and no trust in it", name, got)
		}
		if cut, sane := scores.Settle(0, 0); cut != 0 || sane {
			t.Errorf("%s: settled with %d cut, sane %t", name, cut, sane)
		}
		if got := scores.Slot(0); got.Accepted != 5 || !got.Speaks {
			t.Errorf("%s: the slot is %+v when its worker has gone", name, got)
		}
	}
}

// More than a worker can hold would keep connections from it for ever.
func TestAWorkerHoldsNoMoreThanItCan(t *testing.T) {
	scores := newScores(t)
	line := scores.Line(0, 0)
	line.Accepted.Store(4)
	if !scores.Check(0, 4) || line.Open() != 4 {
		t.Errorf("4 open of 4: taken for nonsense, %d left", line.Open())
	}
	line.Accepted.Store(400)
	if scores.Check(0, 4) || line.Open() != 0 {
		t.Errorf("400 open of 4: believed, %d left", line.Open())
	}
}

// Whatever is written over the board, the next worker can begin.
func TestPrepareMends(t *testing.T) {
	for _, filler := range []byte{0, 1, 0xff} {
		scores := newScores(t)
		if scores.Prepare(2, 0) {
			t.Error("a fresh board is taken for broken")
		}
		for i := range scores.Board.memory {
			scores.Board.memory[i] = filler
		}
		if !scores.Prepare(2, 0) {
			t.Errorf("%#x: nobody noticed", filler)
		}
		if _, err := Over(scores.Board.memory); err != nil {
			t.Errorf("%#x: a worker could not begin: %v", filler, err)
		}
		if got := scores.Taken(2); got != 0 {
			t.Errorf("%#x: a worker would begin with %d taken", filler, got)
		}
	}
}

// Who reads while a worker writes may come a little late.
func TestALittleLateIsSane(t *testing.T) {
	scores := newScores(t)
	scores.Line(0, 0).Finished.Store(2)
	if !scores.Line(0, 0).Sane() {
		t.Error("two finished, none taken: taken for nonsense")
	}
	if sum := scores.Slot(0); sum.Open != 0 {
		t.Errorf("%d open", sum.Open)
	}
}
