// A client of the helm-wrapper API, written from its README alone (Go's standard library).
//
//	go run client.go BASE NAMESPACE CHART-0.tgz CHART-1.tgz
//
// Lists, uploads, upgrades with install, sets values in all ways, rolls back, updates repositories, deletes; prints each step and ends
// with 1 when an answer is not what the README promises. HELMD_TOKEN, when set, is sent as a bearer token.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"time"
)

// The README's own type of an answer.
type respBody struct {
	Code  int             `json:"code"`
	Data  json.RawMessage `json:"data,omitempty"`
	Error string          `json:"error,omitempty"`
}

type options struct {
	Install     bool     `json:"install,omitempty"`
	Values      string   `json:"values,omitempty"`
	Set         []string `json:"set,omitempty"`
	SetString   []string `json:"set_string,omitempty"`
	ReuseValues bool     `json:"reuse_values,omitempty"`
	HistoryMax  int      `json:"history_max,omitempty"`
	DryRun      bool     `json:"dry_run,omitempty"`
	Version     string   `json:"version,omitempty"`
	Wait        bool     `json:"wait"`
	SkipVerify  string   `json:"insecure_skip_verify"`
}

type listOptions struct {
	All      bool   `json:"all"`
	Filter   string `json:"filter"`
	Deployed bool   `json:"deployed"`
	Limit    int    `json:"limit"`
}

type element struct {
	Name     string `json:"name"`
	Revision string `json:"revision"`
	Status   string `json:"status"`
	Chart    string `json:"chart"`
}

type repository struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

var (
	client = http.Client{Timeout: 5 * time.Minute}
	base   string
)

func check(what string, err error) {
	if err != nil {
		fmt.Printf("FAILED  %s: %v\n", what, err)
		os.Exit(1)
	}
}

func same(what string, got, want any) {
	if !reflect.DeepEqual(got, want) {
		check(what, fmt.Errorf("%#v, and not %#v", got, want))
	}
	fmt.Println("ok ", what)
}

func send(method, path, kind string, body io.Reader) (respBody, error) {
	var answer respBody
	request, err := http.NewRequest(method, base+path, body)
	if err != nil {
		return answer, err
	}
	request.Header.Set("Content-Type", kind)
	if token := os.Getenv("HELMD_TOKEN"); token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := client.Do(request)
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return answer, fmt.Errorf("HTTP %s", response.Status)
	}
	return answer, json.NewDecoder(response.Body).Decode(&answer)
}

func exchange(method, path string, body any) (respBody, error) {
	if body == nil {
		return send(method, path, "application/json", nil)
	}
	text, err := json.Marshal(body)
	if err != nil {
		return respBody{}, err
	}
	return send(method, path, "application/json", bytes.NewReader(text))
}

// call puts the data of an answer with code 0 into `into`.
func call(method, path string, body, into any) {
	answer, err := exchange(method, path, body)
	if err == nil && answer.Code != 0 {
		err = fmt.Errorf("%s", answer.Error)
	}
	check(method+" "+path, err)
	if into != nil {
		check(method+" "+path, json.Unmarshal(answer.Data, into))
	}
}

// failing gives the error of an answer with code 1.
func failing(method, path string, body any) string {
	answer, err := exchange(method, path, body)
	if err == nil && answer.Code != 1 {
		err = fmt.Errorf("it should fail")
	}
	check(method+" "+path, err)
	return answer.Error
}

func upload(file string) {
	content, err := os.ReadFile(file)
	check("read", err)
	var form bytes.Buffer
	writer := multipart.NewWriter(&form)
	part, err := writer.CreateFormFile("chart", filepath.Base(file))
	check("form", err)
	_, err = part.Write(content)
	check("form", err)
	check("form", writer.Close())
	answer, err := send("POST", "/api/charts/upload", writer.FormDataContentType(), &form)
	if err == nil && answer.Code != 0 {
		err = fmt.Errorf("%s", answer.Error)
	}
	check("upload "+file, err)
}

func chart(name string) string {
	return "?" + url.Values{"chart": {name}}.Encode()
}

func releaseWalk(releases, old, latest string) {
	release := releases + "/gopher"
	same("there is no release yet", failing("GET", release+"/status", nil), "release: not found")
	call("PUT", release+chart(old), options{
		Install:   true,
		Values:    "replicaCount: 2\nextra:\n  from: values\n",
		Set:       []string{"replicaCount=1", "list={a,b}", `text=one\,two`, `map.key\.with\.dots=x`, "items[1].name=second"},
		SetString: []string{"number=5"},
	}, nil)
	var given map[string]any
	call("GET", release, nil, &given)
	same("--set over --values", given["replicaCount"], 1.0)
	same("values text", given["extra"], map[string]any{"from": "values"})
	same("set array", given["list"], []any{"a", "b"})
	same("set escape of a comma", given["text"], "one,two")
	same("set escape of dots", given["map"], map[string]any{"key.with.dots": "x"})
	same("set of an index", given["items"].([]any)[1], map[string]any{"name": "second"})
	same("set_string", given["number"], "5")

	var status element
	call("GET", release+"/status", nil, &status)
	same("status", status, element{"gopher", "1", "deployed", "hello"})
	call("PUT", release+chart(latest), options{Install: true, ReuseValues: true}, nil)
	call("GET", release, nil, &given)
	same("values are kept", given["list"], []any{"a", "b"})
	call("PUT", release+"/versions/1", options{HistoryMax: 5}, nil)
	var history []struct {
		Revision    int       `json:"revision"`
		Updated     time.Time `json:"updated"`
		Description string    `json:"description"`
	}
	call("GET", release+"/histories", nil, &history)
	same("history", []any{len(history), history[0].Revision, history[0].Description, history[0].Updated.IsZero()},
		[]any{3, 3, "Rollback to 1", false})
	var listed []element
	call("GET", releases, listOptions{Filter: "^gopher$", Deployed: true, Limit: 5}, &listed)
	same("list", listed, []element{{"gopher", "3", "deployed", "hello"}})
	same("install of a name in use", failing("POST", release+chart(old), options{}), "cannot re-use a name that is still in use")
	call("DELETE", release, nil, nil)
}

func repositoryWalk(releases string) {
	var known, after []repository
	call("GET", "/api/repositories", nil, &known)
	same("repositories", known[0].Name, "local")
	call("PUT", "/api/repositories", nil, nil)
	var found []struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	call("GET", "/api/repositories/charts?keyword=hello", nil, &found)
	same("search", found[0].Name, "local/hello")
	call("POST", releases+"/fromrepo"+chart("local/hello"), options{Version: found[0].Version}, nil)
	call("DELETE", releases+"/fromrepo", nil, nil)
	call("DELETE", "/api/repositories/local", nil, nil)
	call("GET", "/api/repositories", nil, &after)
	same("the repository is gone", after, []repository{})
	call("POST", "/api/repositories", known[0], nil)
	call("GET", "/api/repositories", nil, &after)
	same("the repository is back", after, known)
}

func main() {
	if len(os.Args) != 5 {
		check("arguments", fmt.Errorf("BASE NAMESPACE CHART-0.tgz CHART-1.tgz"))
	}
	base = os.Args[1]
	releases := "/api/namespaces/" + os.Args[2] + "/releases"
	old, latest := filepath.Base(os.Args[3]), filepath.Base(os.Args[4])
	var listed []element
	call("GET", releases, listOptions{All: true}, &listed)
	same("nothing is installed", listed, []element{})
	upload(os.Args[3])
	upload(os.Args[4])
	var uploads []string
	call("GET", "/api/charts/upload", nil, &uploads)
	seen := map[string]bool{}
	for _, name := range uploads {
		seen[name] = true
	}
	same("uploads are listed", seen[old] && seen[latest], true)
	var about struct{ Name, Version string }
	call("GET", "/api/charts"+chart(old)+"&info=chart", nil, &about)
	same("show chart", about.Name+"-"+about.Version+".tgz", old)
	releaseWalk(releases, old, latest)
	repositoryWalk(releases)
	call("GET", releases, listOptions{All: true}, &listed)
	same("nothing is left", listed, []element{})
}
