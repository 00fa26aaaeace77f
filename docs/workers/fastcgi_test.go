//go:build linux

package workers_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"path/filepath"
)

// The records of FastCGI that a client needs (FastCGI 1.0, section 8).
const (
	fcgiBegin  = 1
	fcgiEnd    = 3
	fcgiParams = 4
	fcgiStdin  = 5
	fcgiStdout = 6
)

// fcgiHeader is what each record begins with.
type fcgiHeader struct {
	Version, Type   uint8
	Request, Length uint16
	Padding, _      uint8
}

// askFastCGI has a script of this directory run, and returns what it answers.
func askFastCGI(conn net.Conn, script string) (answer string, err error) {
	path, err := filepath.Abs(script)
	if err != nil {
		return "", err
	}
	var request, params bytes.Buffer
	for _, pair := range [][2]string{{"SCRIPT_FILENAME", path}, {"SCRIPT_NAME", "/" + filepath.Base(path)}, {"REQUEST_METHOD", "GET"}} {
		params.Write([]byte{byte(len(pair[0])), byte(len(pair[1]))}) // both are short
		params.WriteString(pair[0] + pair[1])
	}
	const responder = 1
	fcgiWrite(&request, fcgiBegin, []byte{0, responder, 0, 0, 0, 0, 0, 0})
	fcgiWrite(&request, fcgiParams, params.Bytes())
	fcgiWrite(&request, fcgiParams, nil)
	fcgiWrite(&request, fcgiStdin, nil)
	if _, err := conn.Write(request.Bytes()); err != nil {
		return "", err
	}
	for {
		var header fcgiHeader
		if err := binary.Read(conn, binary.BigEndian, &header); err != nil {
			return "", fmt.Errorf("FastCGI, after %q: %w", answer, err)
		}
		record := make([]byte, int(header.Length)+int(header.Padding))
		if _, err := io.ReadFull(conn, record); err != nil {
			return "", err
		}
		switch header.Type {
		case fcgiStdout:
			answer += string(record[:header.Length])
		case fcgiEnd:
			return answer, nil
		}
	}
}

func fcgiWrite(to *bytes.Buffer, kind uint8, content []byte) {
	_ = binary.Write(to, binary.BigEndian, fcgiHeader{Version: 1, Type: kind, Request: 1, Length: uint16(len(content))})
	to.Write(content)
}
