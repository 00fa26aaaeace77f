/* Which worker gets a connection, decided in the kernel when its SYN arrives, or
 * when the listener in whose queue it was has gone. docs/steering.md explains. */
#include "weigh.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct search {
	__s64 now;
	__s64 least;
	__u32 from;  /* where it begins */
	__u32 count; /* how many slots there are */
	__s32 best;  /* -1: none yet */
	bool empty;  /* the best one's queue */
};

static always_inline struct search begin(__u32 from)
{
	struct search s = {.now = bpf_ktime_get_coarse_ns(), .from = from, .count = READ(in_service), .best = -1};

	if (s.count > MAX_SLOTS)
		s.count = 0;
	if (s.count)
		s.from %= s.count;
	return s;
}

static always_inline __u32 nth(const struct search *s, __u32 i)
{
	__u32 slot = s->from + i;

	return slot < s->count ? slot : slot - s->count;
}

/* One step of a search for the least load, which is over when there is none: nothing
 * beats a slot that has nothing to do. */
static __attribute__((noinline)) long look(__u32 i, struct search *s)
{
	struct weight w;
	__u32 slot = nth(s, i);

	if (!weigh(slot, s->now, &w) || stuck(&w, s->now))
		return 0;
	__s64 load = w.open + w.queued;
	if (s->best < 0 || load < s->least) {
		s->best = slot;
		s->least = load;
		s->empty = w.queued == 0;
	}
	return load == 0;
}

/* One step of round robin: whoever is ready, however busy. */
static long find_ready(__u32 i, struct search *s)
{
	struct weight w;
	__u32 slot = nth(s, i);

	if (!weigh(slot, s->now, &w))
		return 0;
	s->best = slot;
	s->empty = w.queued == 0;
	return 1;
}

/* Whether this is a connection that nobody has counted yet. Other segments look
 * for a listener too: strays, and the ACK that answers a SYN cookie. */
static always_inline bool is_new(struct sk_reuseport_md *ctx)
{
	enum { FLAGS = 13, SYN = 0x02, ACK = 0x10 };
	__u8 *header = ctx->data, *end = ctx->data_end;

	if (ctx->migrating_sk)
		return true;
	if (header + FLAGS + 1 > end)
		return true;
	return (header[FLAGS] & (SYN | ACK)) == SYN;
}

/* Without a choice the kernel's hash decides. */
static always_inline int send(struct sk_reuseport_md *ctx, const struct search *s)
{
	__u32 key = s->best;
	struct slot *slot = bpf_map_lookup_elem(&slots, &key);

	if (s->best < 0 || !slot || bpf_sk_select_reuseport(ctx, &sockets, &key, 0))
		return SK_PASS;
	if (is_new(ctx)) {
		if (s->empty)
			WRITE(slot->busy, s->now);
		__sync_fetch_and_add(&slot->sent, 1);
	}
	return SK_PASS;
}

SEC("sk_reuseport/migrate")
int round_robin(struct sk_reuseport_md *ctx)
{
	bool turn = is_new(ctx);
	struct search s = begin(turn ? __sync_fetch_and_add(&next, 1) : READ(next));

	bpf_loop(s.count, find_ready, &s, 0);
	if (turn && s.best >= 0 && s.best != s.from)
		WRITE(next, s.best + 1); /* or it would have the turn of those before it too */
	return send(ctx, &s);
}

/* Searching from behind the last choice on deals equals in turn. */
SEC("sk_reuseport/migrate")
int least_loaded(struct sk_reuseport_md *ctx)
{
	struct search s = begin(READ(next));

	bpf_loop(s.count, look, &s, 0);
	if (s.best >= 0)
		WRITE(next, s.best + 1);
	return send(ctx, &s);
}

SEC("sk_reuseport/migrate")
int two_choices(struct sk_reuseport_md *ctx)
{
	struct search s = begin(bpf_get_prandom_u32());

	look(0, &s);
	if (s.count > 1)
		look(1 + bpf_get_prandom_u32() % (s.count - 1), &s);
	if (s.best < 0) /* both are out of service, or stuck */
		bpf_loop(s.count, look, &s, 0);
	return send(ctx, &s);
}
