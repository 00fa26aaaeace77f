// Site builds the course, with the scenes as recordings that one can play, as a directory
// of static pages. They need no server and no network, and no JavaScript to be read.
//
//	go run ./docs/site -out site            make site
//	go run ./docs/site -pictures docs/img   make recordings, after recording
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	root := flag.String("root", ".", "the repository's `directory`")
	out := flag.String("out", "site", "the `directory` to write the site to, in place of what is there")
	pictures := flag.String("pictures", "", "draw the pictures of the README into this `directory`, and nothing else")
	flag.Parse()
	var err error
	if *pictures != "" {
		err = drawPictures(*root, *pictures)
	} else {
		err = build(*root, *out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}
