package report

// cpuFigure is what a connection costs.
func cpuFigure(v view) (figure, bool) {
	phase := v.phase("cpu_server")
	server, ok := v.estimates(phase, "cpu_server")
	master, _ := v.estimates(phase, "cpu_master")
	client, _ := v.estimates(phase, "cpu_client")
	f := figure{
		Name: "cpu", Title: "Processor time per connection", Words: "Server: " + v.inWords(server, microseconds, ""),
		Caption: "The upper bar of an arm is the median over the rounds of the processor time that all the server's processes took for a connection, " +
			v.under(phase) + ", with its 95 % interval; the dark part of it is the master's. The thin grey bar below is what the client took, which on one machine does part of the kernel's work for the server. Shorter is better.",
	}
	f.draw = func(width float64) drawing {
		r := newRows(width, fromZero(farthest(append(server, client...)), 0, 0), v.labels())
		for i, e := range server {
			if e == nil {
				r.row(v.looks[i].label(), "not measured")
				continue
			}
			v.drawCPU(r, i, *e, master[i], client[i])
		}
		return r.finish(tick(microseconds), "")
	}
	return f, ok
}

func (v view) drawCPU(r *rows, arm int, server estimate, master, client *estimate) {
	l := v.looks[arm]
	y := r.row(l.label(), rounded(server, microseconds)) - 3
	zero, end := r.x.at(0), r.x.at(server.mid)
	r.named(v.cpuTip(arm, server, master, client), l.Class)
	r.rect(zero, y-7, end-zero, 14, "bar "+l.Class)
	if master != nil {
		r.rect(zero, y-7, r.x.at(min(master.mid, server.mid))-zero, 14, "bar master "+l.Class)
	}
	if server.interval() {
		low, high := r.x.at(server.low), r.x.at(server.high)
		r.line(low, y, high, y, "whisker")
		r.line(low, y-4, low, y+4, "whisker")
		r.line(high, y-4, high, y+4, "whisker")
	}
	if client != nil {
		r.rect(zero, y+9, r.x.at(client.mid)-zero, 4, "bar client")
	}
	r.end()
}

func (v view) cpuTip(arm int, server estimate, master, client *estimate) string {
	tip := v.Arms[arm].Name + ": server " + spread(server, microseconds)
	if master != nil {
		tip += ", of it the master " + rounded(*master, microseconds)
	}
	if client != nil {
		tip += "; client " + rounded(*client, microseconds)
	}
	return tip
}
