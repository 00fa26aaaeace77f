/* The memory that the program shares with the master and the workers. Its
 * layout is checked against Go's by a test. */
#pragma once
#include "kernel.h"

enum {
	MAX_SLOTS = 1024,
	SEATS = 2,
};

/* A worker's line; see internal/scoreboard. */
struct line {
	__u64 unused;
	__u64 accepted;
	__u64 finished;
	__u64 unused_too;
	__u64 waits;
	__s64 progress;
	__u32 speaks;
	__u8 rest[12];
};

/* The scoreboard: a header, then a line for each seat of each slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 + MAX_SLOTS * SEATS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct line);
} board SEC(".maps");

/* What program and master know of a slot besides. A cache line, too. */
struct slot {
	__u64 sent;     /* connections sent here, ever; by the program */
	__s64 busy;     /* when one was last sent to an empty queue; by the program */
	__u64 drift;    /* of those sent, never to be taken by a worker that counts; by the master */
	__u64 passed;   /* of those sent, no longer queued, for a worker that does not count; by the master */
	__s64 progress; /* when the queue was last seen empty or, of such a worker, to move; by the master */
	__u64 ready;    /* whether it has a worker; by the master, for no worker writes here */
	__u64 unused[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SLOTS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct slot);
} slots SEC(".maps");

/* The listening sockets, by slot. A place in the kernel's own group is no use: it
 * changes when a socket leaves. */
struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, MAX_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} sockets SEC(".maps");

/* Slots from 0 up to here have a socket; by the master. */
__u32 in_service;
/* How long a queue may stand still before its slot is passed over. */
const volatile __s64 stuck_after = 1000000000;
/* Where the next search begins. Written for every connection, so on a line of its
 * own. */
__u32 next __attribute__((aligned(64)));
