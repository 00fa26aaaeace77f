/* How busy is a slot? */
#pragma once
#include "tables.h"

/* More than any worker can hold or any queue: who says so writes nonsense. */
#define ABSURD (1 << 24)
/* By so many may what is read of a line at two moments differ. */
#define FEW 8
/* More connections than anybody takes in a life. */
#define IN_LIFE (1ULL << 48)
#define SECOND 1000000000LL

struct weight {
	__s64 open;     /* connections that its workers hold */
	__s64 queued;   /* sent, not yet taken */
	__u64 taken;
	__s64 progress; /* when a worker last took or finished one */
	bool known;     /* a worker counts, and what it says can be */
};

static always_inline bool absurd(__s64 count, __s64 least)
{
	return count > ABSURD || count < least;
}

static always_inline void read_line(const struct line *line, __s64 now, struct weight *w)
{
	/* Accepted comes last: what is finished in between counts as open. */
	__u64 done = READ(line->finished);
	__s64 progress = READ(line->progress);
	__u64 accepted = READ(line->accepted);
	__s64 open = accepted - done;

	__u32 speaks = READ(line->speaks);
	if (!speaks)
		return;
	/* As Sane in internal/scoreboard has it: the master goes by the same. */
	if (absurd(open, -FEW) || accepted >= IN_LIFE || READ(line->waits) >= IN_LIFE || speaks > 1 || progress - now > SECOND) {
		w->known = false;
		return;
	}
	w->taken += accepted;
	w->open += open;
	if (w->progress < progress)
		w->progress = progress;
}

/* Returns whether the slot has a worker that takes connections. */
static always_inline bool weigh(__u32 index, __s64 now, struct weight *w)
{
	__u32 key = 1 + index * SEATS;
	struct slot *slot = bpf_map_lookup_elem(&slots, &index);
	struct line *first = bpf_map_lookup_elem(&board, &key);
	key++;
	struct line *second = bpf_map_lookup_elem(&board, &key);

	if (!slot || !first || !second || !READ(slot->ready))
		return false;
	*w = (struct weight){.known = READ(first->speaks) || READ(second->speaks)};
	read_line(first, now, w);
	read_line(second, now, w);
	/* Sent is read after taken, so that a connection on its way counts. */
	__u64 sent = READ(slot->sent);
	w->queued = sent - w->taken - READ(slot->drift);
	if (!w->known || absurd(w->queued, -ABSURD)) {
		w->open = 0;
		w->progress = 0;
		w->queued = sent - READ(slot->passed);
	}
	if (w->progress < READ(slot->progress))
		w->progress = READ(slot->progress);
	if (w->queued < 0)
		w->queued = 0; /* the kernel's hash sent some that nobody counted */
	if (w->open < 0)
		w->open = 0; /* taken and finished between two reads */
	if (w->progress < READ(slot->busy))
		w->progress = READ(slot->busy);
	return true;
}

/* A slot is stuck if its queue has not moved for too long. Connections that a
 * worker merely holds, be they ever so quiet, are no sign of that. */
static always_inline bool stuck(const struct weight *w, __s64 now)
{
	return w->queued > 0 && now - w->progress > READ(stuck_after);
}
