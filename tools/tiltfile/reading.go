package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"go.starlark.net/starlark"
	"go.starlark.net/starlarkstruct"
	"gopkg.in/yaml.v3"
)

type builtin = func(*starlark.Thread, *starlark.Builtin, starlark.Tuple, []starlark.Tuple) (starlark.Value, error)

// Functions that are done for real, by name, with their parameters.
func (e *evaluation) doing() map[string]struct {
	names []string
	do    func(map[string]starlark.Value) (starlark.Value, error)
} {
	type function = struct {
		names []string
		do    func(map[string]starlark.Value) (starlark.Value, error)
	}
	file := func(name string, parse func(string) (starlark.Value, error)) function {
		return function{[]string{name}, func(given map[string]starlark.Value) (starlark.Value, error) {
			content, err := os.ReadFile(e.path(given[name]))
			if err != nil {
				return nil, err
			}
			return parse(string(content))
		}}
	}
	text := func(parse func(string) (starlark.Value, error)) function {
		return function{[]string{"text"}, func(given map[string]starlark.Value) (starlark.Value, error) {
			return parse(textOf(given["text"]))
		}}
	}
	asBlob := func(text string) (starlark.Value, error) { return blob{text}, nil }
	path := func(answer func(string) starlark.Value) function {
		return function{[]string{"path"}, func(given map[string]starlark.Value) (starlark.Value, error) {
			return answer(e.path(given["path"])), nil
		}}
	}
	return map[string]function{
		"blob":               text(asBlob),
		"read_file":          file("file_path", asBlob),
		"read_yaml":          file("path", readYaml),
		"read_yaml_stream":   file("path", readYamlStream),
		"read_json":          file("path", readJson),
		"decode_json":        text(readJson),
		"decode_yaml":        text(readYaml),
		"decode_yaml_stream": text(readYamlStream),
		"encode_json":        {[]string{"obj"}, encodeJson},
		"encode_yaml_stream": {[]string{"objs"}, encodeYamlStream},
		"fail":               text(func(text string) (starlark.Value, error) { return nil, errors.New(text) }),
		"k8s_context": {nil, func(map[string]starlark.Value) (starlark.Value, error) {
			return starlark.String(e.context), nil
		}},
		"listdir":   {[]string{"directory", "recursive"}, e.listdir},
		"local":     {[]string{"command", "quiet", "command_bat", "echo_off", "env", "dir", "stdin"}, e.local},
		"os.getcwd": {nil, func(map[string]starlark.Value) (starlark.Value, error) { return starlark.String(e.dir), nil }},
		"os.getenv": {[]string{"key", "default"}, func(given map[string]starlark.Value) (starlark.Value, error) {
			if value, ok := os.LookupEnv(textOf(given["key"])); ok {
				return starlark.String(value), nil
			}
			if otherwise, ok := given["default"]; ok {
				return otherwise, nil
			}
			return starlark.None, nil
		}},
		"os.path.basename": path(func(path string) starlark.Value { return starlark.String(filepath.Base(path)) }),
		"os.path.exists": path(func(path string) starlark.Value {
			_, err := os.Stat(path)
			return starlark.Bool(err == nil)
		}),
		"shlex.quote": text(func(text string) (starlark.Value, error) {
			return starlark.String("'" + strings.ReplaceAll(text, "'", `'"'"'`) + "'"), nil
		}),
		"config.define_bool":        e.settings.defining("bool"),
		"config.define_string":      e.settings.defining("string"),
		"config.define_string_list": e.settings.defining("list"),
		"config.parse": {nil, func(map[string]starlark.Value) (starlark.Value, error) {
			return e.settings.parse(e.arguments)
		}},
	}
}

func (e *evaluation) predeclare() starlark.StringDict {
	flat := starlark.StringDict{}
	for name := range described {
		flat[name] = starlark.NewBuiltin(name, e.describing(name))
	}
	for name := range parts {
		flat[name] = starlark.NewBuiltin(name, makingPart(name))
	}
	for name, function := range e.doing() {
		flat[name] = starlark.NewBuiltin(name, func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
			given, err := named(name, function.names, args, kwargs)
			if err != nil {
				return nil, err
			}
			return function.do(given)
		})
	}
	flat["struct"] = starlark.NewBuiltin("struct", starlarkstruct.Make)
	flat["config.tilt_subcommand"] = starlark.String(e.subcommand)
	flat["config.main_dir"] = starlark.String(e.dir)
	flat["TRIGGER_MODE_AUTO"] = starlark.String("auto")
	flat["TRIGGER_MODE_MANUAL"] = starlark.String("manual")
	return nested(flat)
}

// nested makes of "os.path.exists" a member of a member.
func nested(flat starlark.StringDict) starlark.StringDict {
	result, below := starlark.StringDict{}, map[string]starlark.StringDict{}
	for name, value := range flat {
		if head, tail, ok := strings.Cut(name, "."); ok {
			if below[head] == nil {
				below[head] = starlark.StringDict{}
			}
			below[head][tail] = value
		} else {
			result[name] = value
		}
	}
	for name, members := range below {
		result[name] = starlarkstruct.FromStringDict(starlark.String(name), nested(members))
	}
	return result
}

func textOf(value starlark.Value) string {
	if it, ok := value.(blob); ok {
		return it.text
	}
	text, _ := starlark.AsString(value)
	return text
}

func (e *evaluation) path(value starlark.Value) string {
	path := textOf(value)
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(e.dir, path)
}

func readYamlStream(text string) (starlark.Value, error) {
	decoder, documents := yaml.NewDecoder(strings.NewReader(text)), []any{}
	for {
		var document any
		if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
			return fromGo(documents)
		} else if err != nil {
			return nil, err
		}
		if document != nil {
			documents = append(documents, document)
		}
	}
}

func readYaml(text string) (starlark.Value, error) {
	var document any
	if err := yaml.Unmarshal([]byte(text), &document); err != nil {
		return nil, err
	}
	return fromGo(document)
}

func readJson(text string) (starlark.Value, error) {
	var document any
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return nil, err
	}
	return fromGo(document)
}

func encodeJson(given map[string]starlark.Value) (starlark.Value, error) {
	value, err := toGo(given["obj"])
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(value)
	return blob{string(text)}, err
}

func encodeYamlStream(given map[string]starlark.Value) (starlark.Value, error) {
	value, err := toGo(given["objs"])
	if err != nil {
		return nil, err
	}
	buffer := bytes.Buffer{}
	encoder := yaml.NewEncoder(&buffer)
	for _, document := range value.([]any) {
		if err := encoder.Encode(document); err != nil {
			return nil, err
		}
	}
	return blob{buffer.String()}, encoder.Close()
}

func (e *evaluation) listdir(given map[string]starlark.Value) (starlark.Value, error) {
	names := []any{}
	root := e.path(given["directory"])
	recursive := given["recursive"] == starlark.True
	err := filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() {
			names = append(names, path)
		} else if path != root && !recursive {
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return fromGo(names)
}

func (e *evaluation) local(given map[string]starlark.Value) (starlark.Value, error) {
	words := []string{"sh", "-c", textOf(given["command"])}
	if list, ok := given["command"].(*starlark.List); ok {
		words = nil
		for index := range list.Len() {
			words = append(words, textOf(list.Index(index)))
		}
	}
	command := exec.Command(words[0], words[1:]...)
	command.Dir = e.dir
	output, complaint := bytes.Buffer{}, bytes.Buffer{}
	command.Stdout, command.Stderr = &output, &complaint
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(words, " "), err, complaint.String())
	}
	return blob{output.String()}, nil
}
