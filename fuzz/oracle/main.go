// Command oracle-more answers questions of the differential fuzzer that HELMD_TOOLS/oracle does not know. One question a line,
// one answer a line: {"out":…} or {"error":"…"}, from the libraries that Helm is made of. The `build` beside it makes it.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"sort"

	"github.com/Masterminds/semver/v3"
	jsonpatch "github.com/evanphx/json-patch/v5"
	"helm.sh/helm/v4/pkg/chart/common"
	release "helm.sh/helm/v4/pkg/release/v1/util"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/mergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/yaml"
)

type question struct {
	Op, Text, Kind, APIVersion         string
	Constraint, Version                string
	Files                              map[string]string
	Original, Modified, Current, Patch json.RawMessage
}

type object = map[string]any

// result is the answer of one step: what came out or why not.
func result(out any, err error) object {
	if err != nil {
		return object{"error": err.Error()}
	}
	return object{"out": out}
}

func text(out []byte, err error) object { return result(json.RawMessage(out), err) }

// yamlForms reads a text strictly, and into a map.
func yamlForms(q question) object {
	_, strict := yaml.YAMLToJSONStrict([]byte(q.Text))
	into := yaml.Unmarshal([]byte(q.Text), &map[string]any{})
	return object{"out": object{"strict": result("ok", strict), "map": result("ok", into)}}
}

// mergePatch makes the patches that helm sends for custom resources: two-way (default) and three-way.
func mergePatch(q question) object {
	two := text(jsonpatch.CreateMergePatch(q.Original, q.Modified))
	three := text(jsonmergepatch.CreateThreeWayJSONMergePatch(q.Original, q.Modified, q.Current,
		mergepatch.RequireKeyUnchanged("apiVersion"), mergepatch.RequireKeyUnchanged("kind"), mergepatch.RequireMetadataKeyUnchanged("name")))
	return object{"out": object{"two_way": two, "three_way": three}}
}

// apply does with a strategic patch what the API server does.
func apply(q question) object {
	version, err := schema.ParseGroupVersion(q.APIVersion)
	if err != nil {
		return result(nil, err)
	}
	typed, err := scheme.Scheme.New(version.WithKind(q.Kind))
	if err != nil {
		return result(nil, err)
	}
	return text(strategicpatch.StrategicMergePatch(q.Current, q.Patch, typed))
}

func version(v *semver.Version, err error) object {
	if err != nil {
		return result(nil, err)
	}
	return result([]any{v.String(), v.Original(), v.Major(), v.Minor(), v.Patch(), v.Prerelease(), v.Metadata()}, nil)
}

// versions reads a version both ways, and says why a constraint refuses it.
func versions(q question) object {
	out := object{"new": version(semver.NewVersion(q.Version)), "strict": version(semver.StrictNewVersion(q.Version))}
	constraint, err := semver.NewConstraint(q.Constraint)
	out["constraint"] = result(nil, err)
	if v, wrong := semver.NewVersion(q.Version); err == nil && wrong == nil {
		_, reasons := constraint.Validate(v)
		texts := []string{}
		for _, reason := range reasons {
			texts = append(texts, reason.Error())
		}
		out["constraint"] = result([]any{constraint.String(), texts}, nil)
	}
	return object{"out": out}
}

// manifests splits and sorts rendered files.
func manifests(q question) object {
	hooks, sorted, err := release.SortManifests(q.Files, common.VersionSet{"v1"}, release.InstallOrder)
	if err != nil {
		return result(nil, err)
	}
	out := object{"hooks": []any{}, "manifests": []any{}}
	for _, h := range hooks {
		out["hooks"] = append(out["hooks"].([]any), []any{h.Name, h.Kind, h.Path, h.Manifest, h.Events, h.Weight, h.DeletePolicies})
	}
	for _, m := range sorted {
		out["manifests"] = append(out["manifests"].([]any), []any{m.Name, m.Content})
	}
	return result(out, nil)
}

func split(q question) object {
	parts := release.SplitManifests(q.Text)
	names := []string{}
	for name := range parts {
		names = append(names, name)
	}
	sort.Sort(release.BySplitManifestsOrder(names))
	out := []string{}
	for _, name := range names {
		out = append(out, parts[name])
	}
	return result(out, nil)
}

func reply(q question) (answer object) {
	defer func() {
		if r := recover(); r != nil {
			answer = object{"error": fmt.Sprintf("PANIC: %v", r)}
		}
	}()
	known := map[string]func(question) object{
		"yamlForms": yamlForms, "mergePatch": mergePatch, "apply": apply, "versions": versions, "manifests": manifests, "split": split,
	}
	if answer, ok := known[q.Op]; ok {
		return answer(q)
	}
	return object{"error": "no such op: " + q.Op}
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 256<<20)
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	for in.Scan() {
		var q question
		answer := object{}
		if err := json.Unmarshal(in.Bytes(), &q); err != nil {
			answer = object{"error": "question: " + err.Error()}
		} else {
			answer = reply(q)
		}
		if err := out.Encode(answer); err != nil {
			log.Fatal(err)
		}
	}
}
