package steer

// The object runs on every little-endian machine. It is committed, so that only who
// changes the program needs clang and llvm-strip (make deps); a test generates it
// anew and compares.

//go:generate go tool bpf2go -target bpfel -go-package steer -output-stem steer -type line -type slot -cflags "-mcpu=v3 -Wall -Werror" kernel bpf/steer.c
