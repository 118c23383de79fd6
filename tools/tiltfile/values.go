package main

import (
	"fmt"
	"sort"

	"go.starlark.net/starlark"
)

// blob is text that Tilt does not take for the name of a file.
type blob struct{ text string }

func (b blob) String() string        { return b.text }
func (blob) Type() string            { return "blob" }
func (blob) Freeze()                 {}
func (b blob) Truth() starlark.Bool  { return b.text != "" }
func (b blob) Hash() (uint32, error) { return starlark.String(b.text).Hash() }

func toGo(value starlark.Value) (any, error) {
	switch it := value.(type) {
	case starlark.NoneType:
		return nil, nil
	case starlark.Bool:
		return bool(it), nil
	case starlark.Int:
		number, ok := it.Int64()
		if !ok {
			return nil, fmt.Errorf("%s is too large", it)
		}
		return number, nil
	case starlark.Float:
		return float64(it), nil
	case starlark.String:
		return string(it), nil
	case blob:
		return map[string]any{"is": "blob", "text": it.text}, nil
	case *starlark.Dict:
		result := map[string]any{}
		for _, pair := range it.Items() {
			key, ok := starlark.AsString(pair[0])
			if !ok {
				return nil, fmt.Errorf("a key is a %s, not a string", pair[0].Type())
			}
			converted, err := toGo(pair[1])
			if err != nil {
				return nil, err
			}
			result[key] = converted
		}
		return result, nil
	case starlark.Iterable:
		result := []any{}
		iterator := it.Iterate()
		defer iterator.Done()
		var item starlark.Value
		for iterator.Next(&item) {
			converted, err := toGo(item)
			if err != nil {
				return nil, err
			}
			result = append(result, converted)
		}
		return result, nil
	}
	return nil, fmt.Errorf("a %s cannot be described", value.Type())
}

func fromGo(value any) (starlark.Value, error) {
	switch it := value.(type) {
	case nil:
		return starlark.None, nil
	case bool:
		return starlark.Bool(it), nil
	case int:
		return starlark.MakeInt(it), nil
	case int64:
		return starlark.MakeInt64(it), nil
	case uint64:
		return starlark.MakeUint64(it), nil
	case float64:
		// JSON has one kind of number.
		if it == float64(int64(it)) {
			return starlark.MakeInt64(int64(it)), nil
		}
		return starlark.Float(it), nil
	case string:
		return starlark.String(it), nil
	case []any:
		items := make([]starlark.Value, len(it))
		for index, item := range it {
			converted, err := fromGo(item)
			if err != nil {
				return nil, err
			}
			items[index] = converted
		}
		return starlark.NewList(items), nil
	case map[string]any:
		keys := make([]string, 0, len(it))
		for key := range it {
			keys = append(keys, key)
		}
		sort.Strings(keys)
		result := starlark.NewDict(len(it))
		for _, key := range keys {
			converted, err := fromGo(it[key])
			if err != nil {
				return nil, err
			}
			if err := result.SetKey(starlark.String(key), converted); err != nil {
				return nil, err
			}
		}
		return result, nil
	}
	return nil, fmt.Errorf("a %T has no counterpart", value)
}
