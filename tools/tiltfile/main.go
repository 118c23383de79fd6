// Evaluates a Tiltfile without Tilt and without a cluster, with the interpreter that Tilt uses, and prints as JSON every call that
// describes something: tiltfile [--context kind-tandem] [--subcommand up] Tiltfile [settings].
// What reads or computes (YAML, JSON, local commands, settings) is done for real; what would act is written down.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"go.starlark.net/resolve"
	"go.starlark.net/starlark"
)

const version = "1.0.0"

// Call is one thing that the Tiltfile described.
type Call struct {
	Name string         `json:"name"`
	Args map[string]any `json:"args"`
}

type evaluation struct {
	dir        string
	context    string
	subcommand string
	arguments  []string
	settings   *settings
	calls      []Call
	loaded     map[string]starlark.StringDict
	builtins   starlark.StringDict
}

func (e *evaluation) exec(file string) (starlark.StringDict, error) {
	thread := &starlark.Thread{Name: file, Load: e.load, Print: func(_ *starlark.Thread, text string) { fmt.Fprintln(os.Stderr, text) }}
	thread.SetLocal("dir", e.dir)
	return starlark.ExecFile(thread, file, nil, e.builtins)
}

// Paths in load() are relative to the file that loads; ours all stand in the Tiltfile's folder.
func (e *evaluation) load(thread *starlark.Thread, module string) (starlark.StringDict, error) {
	file := filepath.Join(filepath.Dir(thread.Name), module)
	if known, ok := e.loaded[file]; ok {
		return known, nil
	}
	globals, err := e.exec(file)
	e.loaded[file] = globals
	return globals, err
}

func main() {
	context := flag.String("context", "kind-tandem", "the cluster that k8s_context() names")
	subcommand := flag.String("subcommand", "up", "what config.tilt_subcommand says: up, ci, down")
	showVersion := flag.Bool("version", false, "")
	flag.Parse()
	if *showVersion {
		fmt.Println("tandem-tiltfile " + version)
		return
	}
	file, err := filepath.Abs(flag.Arg(0))
	if err == nil && flag.NArg() == 0 {
		err = errors.New("usage: tiltfile [--context kind-tandem] [--subcommand up] <Tiltfile> [settings]")
	}
	fail(err)
	e := &evaluation{
		dir: filepath.Dir(file), context: *context, subcommand: *subcommand, arguments: flag.Args()[1:],
		settings: newSettings(), calls: []Call{}, loaded: map[string]starlark.StringDict{},
	}
	e.builtins = e.predeclare()
	// As Tilt has them.
	resolve.AllowGlobalReassign = true
	resolve.AllowRecursion = true
	resolve.AllowSet = true
	_, err = e.exec(file)
	fail(err)
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	fail(encoder.Encode(e.calls))
}

// fail() in a Tiltfile is a sentence for a person; anything else comes with where it happened. 5 as `tilt alpha tiltfile-result`.
func fail(err error) {
	if err == nil {
		return
	}
	var evaluated *starlark.EvalError
	if errors.As(err, &evaluated) {
		fmt.Fprintln(os.Stderr, evaluated.Backtrace())
	} else {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(5)
}
