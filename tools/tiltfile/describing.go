package main

import (
	"fmt"
	"slices"

	"go.starlark.net/starlark"
)

// What describes something, with the parameters of Tilt 0.37: a name that Tilt does not know fails here as well.
var described = map[string][]string{
	"allow_k8s_contexts":             {"contexts"},
	"analytics_settings":             {"enable"},
	"ci_settings":                    {"k8s_grace_period", "timeout", "readiness_timeout"},
	"config.clear_enabled_resources": {},
	"config.set_enabled_resources":   {"resources"},
	"custom_build": {"ref", "command", "deps", "tag", "disable_push", "skips_local_docker", "live_update", "match_in_env_vars", "ignore",
		"entrypoint", "command_bat_val", "outputs_image_ref_to", "command_bat", "image_deps", "env", "dir"},
	"default_registry":  {"host", "host_from_cluster", "single_name"},
	"disable_snapshots": {},
	"k8s_resource": {"workload", "new_name", "port_forwards", "extra_pod_selectors", "trigger_mode", "resource_deps", "objects", "auto_init",
		"pod_readiness", "links", "labels", "discovery_strategy"},
	"k8s_yaml": {"yaml", "allow_duplicates"},
	"local_resource": {"name", "cmd", "deps", "trigger_mode", "resource_deps", "ignore", "auto_init", "serve_cmd", "cmd_bat", "serve_cmd_bat",
		"allow_parallel", "links", "labels", "env", "serve_env", "readiness_probe", "dir", "serve_dir"},
	"secret_settings":    {"disable_scrub"},
	"update_settings":    {"max_parallel_updates", "k8s_upsert_timeout_secs", "k8s_server_side_apply", "suppress_unused_image_warnings"},
	"v1alpha1.cmd":       {"name", "labels", "annotations", "args", "dir", "env", "readiness_probe", "restart_on", "start_on", "disable_source", "stdin"},
	"v1alpha1.ui_button": {"name", "labels", "annotations", "location", "text", "icon_name", "icon_svg", "disabled", "requires_confirmation", "inputs"},
	"version_settings":   {"check_updates", "constraint"},
	"warn":               {"msg"},
	"watch_file":         {"file_path"},
	"watch_settings":     {"ignore"},
}

// What makes a part of a description.
var parts = map[string][]string{
	"fall_back_on":                   {"files"},
	"initial_sync":                   {},
	"link":                           {"url", "name"},
	"port_forward":                   {"local_port", "container_port", "name", "link_path", "host"},
	"run":                            {"cmd", "trigger", "echo_off"},
	"sync":                           {"local_path", "remote_path"},
	"v1alpha1.start_on_spec":         {"start_after", "ui_buttons"},
	"v1alpha1.ui_component_location": {"component_id", "component_type"},
	"v1alpha1.ui_input_spec":         {"name", "label", "text", "bool", "hidden"},
	"v1alpha1.ui_text_input_spec":    {"default_value", "placeholder"},
}

// named gives positional arguments their names, as Python would. @throws for one that there is not
func named(function string, names []string, args starlark.Tuple, kwargs []starlark.Tuple) (map[string]starlark.Value, error) {
	result := map[string]starlark.Value{}
	for index, value := range args {
		if index >= len(names) {
			return nil, fmt.Errorf("%s: got %d arguments, want at most %d", function, len(args), len(names))
		}
		result[names[index]] = value
	}
	for _, pair := range kwargs {
		name := string(pair[0].(starlark.String))
		if !slices.Contains(names, name) {
			return nil, fmt.Errorf("%s: unexpected keyword argument %q", function, name)
		}
		if _, twice := result[name]; twice {
			return nil, fmt.Errorf("%s: got multiple values for keyword argument %q", function, name)
		}
		result[name] = pair[1]
	}
	return result, nil
}

func plain(given map[string]starlark.Value) (map[string]any, error) {
	result := map[string]any{}
	for name, value := range given {
		converted, err := toGo(value)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		result[name] = converted
	}
	return result, nil
}

func (e *evaluation) describing(name string) builtin {
	return func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		given, err := named(name, described[name], args, kwargs)
		if err != nil {
			return nil, err
		}
		values, err := plain(given)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		e.calls = append(e.calls, Call{Name: name, Args: values})
		return starlark.None, nil
	}
}

func makingPart(name string) builtin {
	return func(_ *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, kwargs []starlark.Tuple) (starlark.Value, error) {
		given, err := named(name, parts[name], args, kwargs)
		if err != nil {
			return nil, err
		}
		result := starlark.NewDict(len(given) + 1)
		err = result.SetKey(starlark.String("is"), starlark.String(name))
		for key, value := range given {
			err = result.SetKey(starlark.String(key), value)
		}
		return result, err
	}
}
