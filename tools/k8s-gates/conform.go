package main

import (
	"os"
	"path/filepath"
	"strings"

	"github.com/yannh/kubeconform/pkg/validator"
)

// conform holds every object against the schema of its kind: unknown fields, wrong types and kinds without a schema are findings.
func conform(schemas []string, files []string) ([]Finding, error) {
	var locations []string
	for _, folder := range schemas {
		locations = append(locations, filepath.Join(folder, "{{.ResourceKind}}{{.KindSuffix}}.json"))
	}
	judge, err := validator.New(locations, validator.Opts{Strict: true, KubernetesVersion: "master"})
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, file := range files {
		reader, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		for _, result := range judge.Validate(file, reader) {
			if result.Status != validator.Invalid && result.Status != validator.Error {
				continue
			}
			object := "a document that is no object"
			if signature, err := result.Resource.Signature(); err == nil {
				object = name(signature.Kind, signature.Namespace, signature.Name)
			}
			for _, wrong := range innermost(result.Err.Error()) {
				findings = append(findings, Finding{"schema", file, object, wrong})
			}
		}
	}
	return findings, nil
}

// innermost takes what is wrong out of a text like "... - at '/spec': validation failed - at '/spec': additional properties 'a' not allowed".
func innermost(text string) []string {
	var all []string
	parts := strings.Split(strings.Join(strings.Fields(text), " "), " - at ")
	for _, part := range parts[1:] {
		if !strings.HasSuffix(part, ": validation failed") {
			all = append(all, part)
		}
	}
	if len(all) == 0 {
		return parts[:1]
	}
	return all
}
