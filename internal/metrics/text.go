package metrics

import (
	"bytes"
	"strconv"
	"strings"

	"prefork/internal/control"
)

// format is one of the two in which Prometheus reads.
type format struct {
	contentType string
	open        bool // OpenMetrics
}

var (
	plain       = format{contentType: "text/plain; version=0.0.4; charset=utf-8"}
	openMetrics = format{contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8", open: true}
)

// formatFor is the one that who asks would rather have (RFC 9110, Accept). Prometheus asks
// for OpenMetrics first.
func formatFor(accept string) format {
	if strings.Contains(accept, "application/openmetrics-text") {
		return openMetrics
	}
	return plain
}

// write writes a status.
func (f format) write(s *control.Status) []byte {
	var b bytes.Buffer
	for _, family := range families {
		samples := family.of(s)
		if len(samples) == 0 {
			continue
		}
		name := family.name
		if f.open && family.kind == counter { // there the suffix is the sample's alone
			name = strings.TrimSuffix(name, "_total")
		}
		b.WriteString("# HELP " + name + " " + escaped.Replace(family.help) + "\n")
		b.WriteString("# TYPE " + name + " " + string(family.kind) + "\n")
		for _, sample := range samples {
			sample.write(&b, family.name)
		}
	}
	if f.open {
		b.WriteString("# EOF\n")
	}
	return b.Bytes()
}

// escaped is for what stands in quotes, and for help.
var escaped = strings.NewReplacer("\\", `\\`, "\n", `\n`, `"`, `\"`)

func (s sample) write(b *bytes.Buffer, name string) {
	b.WriteString(name)
	for i, l := range s.labels {
		b.WriteByte("{,"[min(i, 1)])
		b.WriteString(l.name + `="` + escaped.Replace(l.value) + `"`)
	}
	if len(s.labels) > 0 {
		b.WriteByte('}')
	}
	b.WriteByte(' ')
	b.Write(strconv.AppendFloat(b.AvailableBuffer(), s.value, 'g', -1, 64))
	b.WriteByte('\n')
}
