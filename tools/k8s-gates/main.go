// The judges of k8s/ that are Go libraries, in one program: kubeconform, Pod Security admission's own evaluator, kube-score.
//
//	k8s-gates --schemas DIR,DIR [--level restricted] [--score-ignore ID,ID] FILE...
//
// Each DIR holds <kind>-<group>-<version>.json as kubeconform names them. The files are judged together: kube-score looks for the
// budget of a Deployment in all of them. Findings go to stdout as JSON lines; exit code 0 unless something could not be read.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
)

const version = "k8s-gates 1.0.0: kubeconform 0.8.0, kube-score 1.20.0, pod-security-admission 0.32.3"

// Finding is one thing that is wrong with one object.
type Finding struct {
	Gate    string `json:"gate"`
	File    string `json:"file"`
	Object  string `json:"object"`
	Message string `json:"message"`
}

func main() {
	schemas := flag.String("schemas", "", "folders of JSON schemas, comma-separated")
	level := flag.String("level", "restricted", "Pod Security Standard of the pods")
	ignore := flag.String("score-ignore", "", "kube-score checks that are left out, comma-separated")
	printVersion := flag.Bool("version", false, "print the versions of the libraries")
	flag.Parse()
	if *printVersion {
		fmt.Println(version)
		return
	}
	var findings []Finding
	for index, gate := range []func() ([]Finding, error){
		func() ([]Finding, error) { return conform(split(*schemas), flag.Args()) },
		func() ([]Finding, error) { return secure(*level, flag.Args()) },
		func() ([]Finding, error) { return rate(split(*ignore), flag.Args()) },
	} {
		found, err := gate()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		findings = append(findings, found...)
		// Who reads into Go's types would stop at the first object that does not fit.
		if index == 0 && len(findings) > 0 {
			break
		}
	}
	encoder := json.NewEncoder(os.Stdout)
	for _, finding := range findings {
		if err := encoder.Encode(finding); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// name is how people call an object: Deployment tandem/order.
func name(kind, namespace, object string) string {
	if namespace == "" {
		return kind + " " + object
	}
	return kind + " " + namespace + "/" + object
}
