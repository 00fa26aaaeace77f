// Package kubernetes_test holds the manifests against Kubernetes' own types.
package kubernetes_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"
)

// jobs reads the manifests: strictly, so that a field that Kubernetes does not know, or knows
// elsewhere, is an error.
func jobs(t *testing.T) map[string]batch.Job {
	t.Helper()
	paths, err := filepath.Glob("*.yaml")
	if err != nil || len(paths) == 0 {
		t.Fatalf("manifests %v: %v", paths, err)
	}
	all := map[string]batch.Job{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, document := range bytes.Split(text, []byte("\n---\n")) {
			var job batch.Job
			if err := yaml.UnmarshalStrict(document, &job); err != nil {
				t.Errorf("%s: %v", path, err)
			}
			if job.APIVersion != "batch/v1" || job.Kind != "Job" {
				t.Errorf("%s is a %s of %s", path, job.Kind, job.APIVersion)
			}
			all[path] = job
		}
	}
	return all
}

// What Kubernetes checks beyond the types, and what the run relies on.
func TestManifests(t *testing.T) {
	for path, job := range jobs(t) {
		pod := job.Spec.Template
		for key, value := range job.Labels {
			if pod.Labels[key] != value {
				t.Errorf("%s: label %s is %q on the job and %q on its pods", path, key, value, pod.Labels[key])
			}
		}
		if policy := pod.Spec.RestartPolicy; policy != core.RestartPolicyNever && policy != core.RestartPolicyOnFailure {
			t.Errorf("%s: a job restarts Never or OnFailure, not %q", path, policy)
		}
		if job.Spec.ActiveDeadlineSeconds == nil {
			t.Errorf("%s: it may go on for ever", path)
		}
		for _, c := range pod.Spec.Containers {
			if err := container(c); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		}
	}
}

func container(c core.Container) error {
	variables := map[string]core.EnvVar{}
	for _, v := range c.Env {
		variables[v.Name] = v
	}
	if nats, ok := variables["PREFORK_NATS"]; !ok || nats.ValueFrom == nil || nats.ValueFrom.SecretKeyRef == nil {
		return fmt.Errorf("container %s: the URL of NATS is a secret", c.Name)
	}
	for _, arg := range c.Args {
		_, rest, used := strings.Cut(arg, "$(")
		name, _, closed := strings.Cut(rest, ")")
		if _, known := variables[name]; used && (!closed || !known) {
			return fmt.Errorf("container %s: %s is no variable of it", c.Name, arg)
		}
	}
	for name, limit := range c.Resources.Limits {
		if request := c.Resources.Requests[name]; request.Cmp(limit) > 0 {
			return fmt.Errorf("container %s: it requests %s of %s and may have %s", c.Name, request.String(), name, limit.String())
		}
	}
	if s := c.SecurityContext; s == nil || s.AllowPrivilegeEscalation == nil || *s.AllowPrivilegeEscalation || !slices.Contains(s.Capabilities.Drop, "ALL") {
		return fmt.Errorf("container %s: it keeps privileges that it does not need", c.Name)
	}
	return nil
}

// The agents are an Indexed Job, all of them at a time, as many as the run asks for.
func TestAgents(t *testing.T) {
	all := jobs(t)
	agents, run := all["agents.yaml"].Spec, all["run.yaml"].Spec
	if agents.CompletionMode == nil || *agents.CompletionMode != batch.IndexedCompletion || agents.Completions == nil || agents.Parallelism == nil || *agents.Completions != *agents.Parallelism {
		t.Fatalf("mode %v, %v at a time of %v", agents.CompletionMode, agents.Parallelism, agents.Completions)
	}
	args := run.Template.Spec.Containers[0].Args
	if at := slices.Index(args, "--agents"); at < 0 || args[at+1] != fmt.Sprint(*agents.Completions) {
		t.Errorf("the run asks for %q, and there are %d agents", args, *agents.Completions)
	}
}
