/* What the program needs of the kernel's interface (linux/bpf.h), written out so
 * that generating it takes a compiler and no headers. Little-endian only. */
#pragma once

typedef unsigned char __u8;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef _Bool bool;
#define true 1
#define false 0

#define SEC(name) __attribute__((section(name), used))
#define always_inline inline __attribute__((always_inline))

/* Map definitions in BTF, as libbpf and cilium/ebpf read them. */
#define __uint(name, value) int(*name)[value]
#define __type(name, type) typeof(type) *name

enum {
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_REUSEPORT_SOCKARRAY = 20,
	BPF_F_MMAPABLE = 1 << 10,
	SK_PASS = 1,
};

/* 64 bits wide for a program, whatever a pointer is. */
#define md_ptr(type, name)   \
	union {              \
		type name;   \
		__u64 : 64;  \
	} __attribute__((aligned(8)))

struct bpf_sock;

struct sk_reuseport_md {
	md_ptr(void *, data); /* from the TCP header on */
	md_ptr(void *, data_end);
	__u32 len;
	__u32 eth_protocol;
	__u32 ip_protocol;
	__u32 bind_inany;
	__u32 hash;
	md_ptr(struct bpf_sock *, sk);
	md_ptr(struct bpf_sock *, migrating_sk); /* set when a listener has gone */
};

static void *(*const bpf_map_lookup_elem)(void *map, const void *key) = (void *)1;
static __u32 (*const bpf_get_prandom_u32)(void) = (void *)7;
static long (*const bpf_sk_select_reuseport)(struct sk_reuseport_md *, void *map, void *key, __u64 flags) = (void *)82;
static __u64 (*const bpf_ktime_get_coarse_ns)(void) = (void *)160;
static long (*const bpf_loop)(__u32 n, void *callback, void *context, __u64 flags) = (void *)181;

/* Others write to what is read: once, and here. */
#define READ(place) (*(const volatile typeof(place) *)&(place))
#define WRITE(place, value) (*(volatile typeof(place) *)&(place) = (value))
