package main

import (
	"flag"
	"fmt"
	"io"

	"go.starlark.net/starlark"
)

// settings are what stands behind `--` on Tilt's command line.
type settings struct {
	flags  *flag.FlagSet
	values map[string]func() starlark.Value
}

func newSettings() *settings {
	flags := flag.NewFlagSet("settings", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return &settings{flags, map[string]func() starlark.Value{}}
}

type repeated []string

func (list *repeated) String() string { return "" }
func (list *repeated) Set(text string) error {
	*list = append(*list, text)
	return nil
}

func (s *settings) defining(kind string) struct {
	names []string
	do    func(map[string]starlark.Value) (starlark.Value, error)
} {
	return struct {
		names []string
		do    func(map[string]starlark.Value) (starlark.Value, error)
	}{[]string{"name", "args", "usage"}, func(given map[string]starlark.Value) (starlark.Value, error) {
		name := textOf(given["name"])
		switch kind {
		case "bool":
			value := s.flags.Bool(name, false, "")
			s.values[name] = func() starlark.Value { return starlark.Bool(*value) }
		case "string":
			value := s.flags.String(name, "", "")
			s.values[name] = func() starlark.Value { return starlark.String(*value) }
		case "list":
			value := &repeated{}
			s.flags.Var(value, name, "")
			s.values[name] = func() starlark.Value {
				items := []starlark.Value{}
				for _, text := range *value {
					items = append(items, starlark.String(text))
				}
				return starlark.NewList(items)
			}
		}
		return starlark.None, nil
	}}
}

// parse has only what was given, as Tilt has it: an absent setting is no key.
func (s *settings) parse(arguments []string) (starlark.Value, error) {
	if err := s.flags.Parse(arguments); err != nil {
		return nil, err
	}
	if s.flags.NArg() > 0 {
		return nil, fmt.Errorf("positional CLI args (%q) were specified, but none were expected", s.flags.Args())
	}
	result := starlark.NewDict(len(s.values))
	var err error
	s.flags.Visit(func(one *flag.Flag) {
		if setErr := result.SetKey(starlark.String(one.Name), s.values[one.Name]()); setErr != nil {
			err = setErr
		}
	})
	return result, err
}
