package main

import (
	"fmt"
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
			if len(result.ValidationErrors) == 0 {
				message := strings.Join(strings.Fields(result.Err.Error()), " ")
				findings = append(findings, Finding{"schema", file, object, message})
			}
			for _, wrong := range result.ValidationErrors {
				findings = append(findings, Finding{"schema", file, object, fmt.Sprintf("%s: %s", wrong.Path, wrong.Msg)})
			}
		}
	}
	return findings, nil
}
