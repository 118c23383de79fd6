package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// secure asks of every pod and pod template what the API server will ask in a namespace that enforces the level.
func secure(level string, files []string) ([]Finding, error) {
	parsed, err := api.ParseLevel(level)
	if err != nil {
		return nil, err
	}
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks())
	if err != nil {
		return nil, err
	}
	standard := api.LevelVersion{Level: parsed, Version: api.LatestVersion()}
	var findings []Finding
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(content)))
		for {
			document, err := documents.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, err
			}
			object, pod := podOf(document)
			if pod == nil {
				continue
			}
			for _, result := range evaluator.EvaluatePod(standard, &pod.ObjectMeta, &pod.Spec) {
				if !result.Allowed {
					message := result.ForbiddenReason + ": " + result.ForbiddenDetail
					findings = append(findings, Finding{"pod-security", file, object, message})
				}
			}
			for _, place := range hostsOfProbes(&pod.Spec) {
				findings = append(findings, Finding{"pod-security", file, object, "hostProbes: " + place + " names a host"})
			}
		}
	}
	return findings, nil
}

// hostsOfProbes is what "restricted" asks since 1.34, later than the library here: a probe that names a host makes the
// kubelet call whom the pod likes.
func hostsOfProbes(spec *corev1.PodSpec) []string {
	var places []string
	for _, container := range append(append([]corev1.Container{}, spec.InitContainers...), spec.Containers...) {
		ask := func(place string, http *corev1.HTTPGetAction, tcp *corev1.TCPSocketAction) {
			if (http != nil && http.Host != "") || (tcp != nil && tcp.Host != "") {
				places = append(places, container.Name+"."+place)
			}
		}
		for place, probe := range map[string]*corev1.Probe{
			"livenessProbe": container.LivenessProbe, "readinessProbe": container.ReadinessProbe, "startupProbe": container.StartupProbe,
		} {
			if probe != nil {
				ask(place, probe.HTTPGet, probe.TCPSocket)
			}
		}
		if container.Lifecycle == nil {
			continue
		}
		for place, handler := range map[string]*corev1.LifecycleHandler{
			"lifecycle.postStart": container.Lifecycle.PostStart, "lifecycle.preStop": container.Lifecycle.PreStop,
		} {
			if handler != nil {
				ask(place, handler.HTTPGet, handler.TCPSocket)
			}
		}
	}
	return places
}

// podOf returns the pod that an object makes, nil for one that makes none or cannot be read, which the schema gate says.
func podOf(document []byte) (string, *corev1.PodTemplateSpec) {
	var head struct {
		metav1.TypeMeta   `json:",inline"`
		metav1.ObjectMeta `json:"metadata"`
	}
	if yaml.Unmarshal(document, &head) != nil {
		return "", nil
	}
	var (
		deployment  appsv1.Deployment
		statefulSet appsv1.StatefulSet
		daemonSet   appsv1.DaemonSet
		job         batchv1.Job
		cronJob     batchv1.CronJob
		pod         corev1.Pod
	)
	read := func(into any, template *corev1.PodTemplateSpec) (string, *corev1.PodTemplateSpec) {
		if yaml.Unmarshal(document, into) != nil {
			return "", nil
		}
		return name(head.Kind, head.Namespace, head.Name), template
	}
	switch head.Kind {
	case "Deployment":
		return read(&deployment, &deployment.Spec.Template)
	case "StatefulSet":
		return read(&statefulSet, &statefulSet.Spec.Template)
	case "DaemonSet":
		return read(&daemonSet, &daemonSet.Spec.Template)
	case "Job":
		return read(&job, &job.Spec.Template)
	case "CronJob":
		return read(&cronJob, &cronJob.Spec.JobTemplate.Spec.Template)
	case "Pod":
		object, _ := read(&pod, nil)
		return object, &corev1.PodTemplateSpec{ObjectMeta: pod.ObjectMeta, Spec: pod.Spec}
	}
	return "", nil
}
