package main

import (
	"io"
	"os"
	"sort"

	"github.com/zegl/kube-score/config"
	ks "github.com/zegl/kube-score/domain"
	"github.com/zegl/kube-score/parser"
	"github.com/zegl/kube-score/score"
	"github.com/zegl/kube-score/score/checks"
	"github.com/zegl/kube-score/scorecard"
)

type namedFile struct {
	io.Reader
	name string
}

func (f namedFile) Name() string { return f.name }

// rate lets kube-score judge all files together; its critical findings are findings, warnings are not.
func rate(ignored []string, files []string) ([]Finding, error) {
	var readers []ks.NamedReader
	for _, file := range files {
		reader, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		defer reader.Close()
		readers = append(readers, namedFile{reader, file})
	}
	run := &config.RunConfiguration{
		// A limit stops a process that could use an idle core: latency for nothing.
		IgnoreContainerCpuLimitRequirement: true,
		KubernetesVersion:                  config.Semver{Major: 1, Minor: 36},
		MinReplicasDeployment:              1,
		MinReplicasHPA:                     1,
	}
	reads, err := parser.New(&parser.Config{})
	if err != nil {
		return nil, err
	}
	parsed, err := reads.ParseFiles(readers)
	if err != nil {
		return nil, err
	}
	left := map[string]struct{}{}
	for _, id := range ignored {
		left[id] = struct{}{}
	}
	card, err := score.Score(parsed, score.RegisterAllChecks(parsed, &checks.Config{IgnoredTests: left}, run), run)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, object := range *card {
		for _, test := range object.Checks {
			if test.Skipped || test.Grade > scorecard.GradeCritical {
				continue
			}
			message := test.Check.ID
			for _, comment := range test.Comments {
				message += ": " + comment.Path + " " + comment.Summary
			}
			called := name(object.TypeMeta.Kind, object.ObjectMeta.Namespace, object.ObjectMeta.Name)
			findings = append(findings, Finding{"kube-score", object.FileLocation.Name, called, message})
		}
	}
	sort.Slice(findings, func(i, j int) bool {
		return findings[i].File+findings[i].Object+findings[i].Message < findings[j].File+findings[j].Object+findings[j].Message
	})
	return findings, nil
}
