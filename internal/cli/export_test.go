//go:build linux

package cli

// ServeFlags is for the tests that compare the help with the flags behind it.
var ServeFlags = serveFlags

// ProgressLine is for a test without a terminal.
var ProgressLine = progressLine
