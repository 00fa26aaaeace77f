package steer

//go:generate go tool bpf2go -target bpfel -go-package steer -output-stem steer -type line -type slot -cflags "-mcpu=v3 -Wall -Werror" kernel bpf/steer.c
