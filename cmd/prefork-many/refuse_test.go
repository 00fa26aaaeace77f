//go:build linux

package main

import (
	"encoding/json"
	neturl "net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/micro"

	"prefork/bench/load"
	"prefork/bench/many"
	"prefork/bench/many/drive"
	"prefork/internal/sys"
)

// bench is a run that is to fail before it measures anything.
func bench(t *testing.T, url string, more ...string) *process {
	t.Helper()
	return start(t, nil, "prefork-many", append([]string{
		"bench", "--nats", url, "--agents", "1", "--agent-wait", "1s", "--target", "null", "--rounds", "1", "--length", "100ms", "--quiet",
	}, more...)...)
}

func TestNoNATS(t *testing.T) {
	nobody := "nats://" + freePort(t)
	bench(t, nobody).fails(1, "no NATS answers there", "--agents local:3")
	start(t, nil, "prefork-many", "bench", "agent", "--nats", nobody).fails(1, "no NATS answers there")
	start(t, nil, "prefork-many", "bench", "agent", "--nats", "http://x").fails(1, "want a URL such as nats://host:4222")
}

func TestWrongCredentials(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	u, err := neturl.Parse(url)
	if err != nil {
		t.Fatal(err)
	}
	bench(t, "nats://"+u.Host).fails(1, "NATS does not let us in", "it wants credentials: --nats-creds FILE")
	bench(t, "nats://guess@"+u.Host).fails(1, "NATS does not let us in", "the credentials are not right there")
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	bench(t, url, "--nats-creds", text).fails(1, "that is no credentials file of NATS")
	bench(t, url, "--nats-creds", text+"-not").fails(1, "--nats-creds: open "+text+"-not: no such file")
	bench(t, url, "--nats-ca", text).fails(1, "there is no certificate in it")
	bench(t, url, "--nats-prefix", "a..b").fails(1, "want words with dots between them")
}

// Fewer agents than asked for are waited for, and then it is said who is there.
func TestFewer(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	agentAt(t, nil, url, "a")
	agentAt(t, nil, url, "elsewhere", "--nats-prefix", "other")
	bench(t, url, "--agents", "3").fails(1, "1 of 3 agents there, a after 1s", "prefork bench agent --nats URL")
	bench(t, url, "--agents", "1").fails(0)
}

// service is somebody who claims to be an agent.
func service(t *testing.T, url string, meta map[string]string, answers map[string]func() any) {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	s, err := micro.AddService(conn, micro.Config{Name: many.AgentService, Version: "1.0.0", Metadata: meta})
	if err != nil {
		t.Fatal(err)
	}
	for matter, say := range answers {
		handler := micro.HandlerFunc(func(r micro.Request) {
			body, _ := json.Marshal(say())
			_ = r.RespondJSON(many.Answer{Body: body})
		})
		if err := s.AddEndpoint(matter, handler, micro.WithEndpointSubject(many.Subject(many.DefaultPrefix, "party", s.Info().ID, matter))); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOtherRelease(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	service(t, url, map[string]string{many.MetaPrefix: many.DefaultPrefix, many.MetaName: "future", many.MetaSchema: "prefork.many/v9"}, nil)
	service(t, url, map[string]string{many.MetaPrefix: many.DefaultPrefix, many.MetaName: "past", many.MetaSchema: many.Schema, many.MetaVersion: "v0.0.1 linux/amd64"}, nil)
	bench(t, url).fails(1, "0 of 1 agents there", "future speaks prefork.many/v9 and this is "+many.Schema, "past is prefork v0.0.1", "use one release on all machines")
}

// connect is a coordinator in this process.
func connect(t *testing.T, url string, agents int) (many.Parties, error) {
	t.Helper()
	return drive.Connect(t.Context(), many.DriveOptions{
		Link: many.Link{URL: url, Prefix: many.DefaultPrefix, Name: "test", Version: "v1"}, Agents: agents, Patience: time.Second, Say: func(string) {},
	})
}

// An agent whose clock cannot be one is named, and nobody loads anything.
func TestClockThatLies(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	n := 0
	service(t, url, map[string]string{many.MetaPrefix: many.DefaultPrefix, many.MetaName: "liar", many.MetaSchema: many.Schema, many.MetaVersion: "v1"}, map[string]func() any{
		many.Hold: func() any { return nil },
		many.Ping: func() any { n++; return many.Time{Mono: sys.Monotonic() + time.Duration(n)*time.Minute} },
	})
	if _, err := connect(t, url, 1); err == nil || !strings.Contains(err.Error(), "liar: its clock is none") {
		t.Errorf("it was believed: %v", err)
	}
}

// Two coordinators on one prefix do not share agents: the second says who has them.
func TestTwoCoordinators(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	a := agentAt(t, nil, url, "a")
	run := long(t, url, 1, "--length", "1m")
	loading(t, a)
	bench(t, url).fails(1, "0 of 1 agents there; a: it works for another run, that of", "--nats-prefix of its own")
	if len(a.generators()) != 1 {
		t.Error("the first run's agent loads no more")
	}
	run.stop(2)
	bench(t, url).fails(0)
}

// An agent loads what it may, whoever asks for it.
func TestAllow(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	a := agentAt(t, nil, url, "a")
	bench(t, url, "--target", "192.0.2.1:80").fails(1, "a: 192.0.2.1 is not among the addresses that this agent may load (127.0.0.0/8", "--allow 192.0.2.1/32")
	a.stop(15)
	agentAt(t, nil, url, "narrow", "--allow", "127.0.0.2")
	bench(t, url, "--target", "127.0.0.1:80").fails(1, "127.0.0.1 is not among the addresses that this agent may load (127.0.0.2/32)")
	bench(t, url, "--target", "127.0.0.2:1").fails(1, "narrow: 127.0.0.2:1 cannot be reached from here: connection refused")
}

// Nor does it load for longer than it may, or more than it can.
func TestBounds(t *testing.T) {
	_, url := natsAt(t, nil, -1)
	agent := start(t, nil, "prefork-many", "bench", "agent", "--nats", url, "--name", "a")
	agent.hear("agent a is there")
	version, _, _ := strings.Cut(strings.TrimPrefix(agentVersion(t, url), "prefork "), " ")
	parties, err := drive.Connect(t.Context(), many.DriveOptions{
		Link: many.Link{URL: url, Prefix: many.DefaultPrefix, Name: "test", Version: version}, Agents: 1, Patience: patience, Say: func(string) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer parties.Close()
	for what, o := range map[string]load.Order{
		"loads for 10m0s at most":       {Null: true, Rate: 1, Length: time.Hour},
		"holds 20000 at most":           {Null: true, Clients: 1 << 30, Length: time.Second},
		"no Unix-domain sockets":        {Address: "/run/x", Rate: 1, Length: time.Second},
		"want an IP address and a port": {Address: "example.org:80", Rate: 1, Length: time.Second},
	} {
		if _, err := parties.Load(t.Context(), o); err == nil || !strings.Contains(err.Error(), strings.TrimPrefix(what, "holds 20000 ")) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// agentVersion is what an agent says that it is.
func agentVersion(t *testing.T, url string) string {
	t.Helper()
	conn, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	subject, _ := micro.ControlSubject(micro.InfoVerb, many.AgentService, "")
	m, err := conn.Request(subject, nil, patience)
	if err != nil {
		t.Fatal(err)
	}
	var info micro.Info
	if err := json.Unmarshal(m.Data, &info); err != nil {
		t.Fatal(err)
	}
	return info.Metadata[many.MetaVersion]
}

// What cannot be meant is told before anybody is looked for.
func TestUsage(t *testing.T) {
	for args, words := range map[string]string{
		"--agents 0":                           "--agents 0: want a number from 1 to 1000, or local:3",
		"--agents local":                       "--agents local: want a number",
		"--agents 3":                           "--nats URL names the NATS",
		"--nats nats://x":                      "--nats is for clients on other machines: add --agents N",
		"--target 127.0.0.1:80":                "--target is for clients on other machines",
		"--agents local:2 --nats nats://x":     "--agents local:N has a NATS of its own",
		"--agents local:2 --target x":          "--target x: want HOST:PORT, or null",
		"--agents local:2 --target null --all": "--all says what to start, and --target is a server that is there",
		"--agents local:2 --netns":             "--netns is of one machine",
	} {
		start(t, nil, "prefork-many", append([]string{"bench"}, strings.Fields(args)...)...).fails(2, words)
	}
	for args, words := range map[string]string{
		"agent":                       "--nats URL names the NATS",
		"agent --nats nats://x extra": `bench agent takes no arguments, and "extra" is one`,
		"agent --nats nats://x --allow 10.0.0.1/8":     "--allow 10.0.0.1/8: did you mean 10.0.0.0/8?",
		"agent --nats nats://x --allow everybody":      "--allow everybody: want addresses such as 10.0.0.0/8",
		"agent --nats nats://x --name a.b --name=":     "--name \"\": want a word",
		"serve-agent --nats nats://x --host 0.0.0.0":   "agents have to be told one address: want one of ",
		"serve-agent --nats nats://x --host 192.0.2.7": "--host 192.0.2.7: this machine has 127.0.0.1",
	} {
		start(t, nil, "prefork-many", append([]string{"bench"}, strings.Fields(args)...)...).fails(2, words)
	}
}

// prefork alone says where the rest is to be had, and finds it where it is.
func TestBeside(t *testing.T) {
	dir := t.TempDir()
	alone := filepath.Join(dir, "prefork")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Link(self, alone); err != nil { // not a symlink, which /proc/self/exe would see through
		if err := copyFile(alone, self); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "/nowhere")
	missing := startPath(t, alone, "bench", "--agents", "local:1", "--target", "null")
	missing.fails(1, "this needs prefork-many, which is built and installed with prefork, and is neither beside "+alone)
	if err := os.Link(alone, filepath.Join(dir, "prefork-many")); err != nil {
		t.Fatal(err)
	}
	there := startPath(t, alone, "bench", "--agents", "local:1", "--target", "null", "--rounds", "1", "--length", "100ms", "--format", "json", "--quiet")
	if r := there.result(); len(r.Hosts) != 1 {
		t.Errorf("hosts %+v", r.Hosts)
	}
	t.Setenv("PREFORK_BESIDE_VERSION", "v9.9.9 linux/amd64 go9")
	start(t, nil, "prefork-many", "bench", "--agents", "local:1", "--target", "null").fails(1, "the prefork that runs it is v9.9.9", "install both of one release")
}

// What every worker is, is built without what this binary is for.
func TestPreforkIsFreeOfNATS(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "prefork").Output()
	if err != nil {
		t.Fatal(err)
	}
	for dependency := range strings.Lines(string(out)) {
		if strings.Contains(dependency, "nats") {
			t.Errorf("prefork has %s linked in", strings.TrimSpace(dependency))
		}
	}
}

func copyFile(to, from string) error {
	data, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, data, 0o755)
}
