// Package podtemplate keeps pods running over an upgrade of the operator. A new release may render the pods of a workload
// in another way; as long as nobody changed anything, that is no reason to restart them. What somebody changes first
// afterwards rolls them once, with everything that the release does in another way.
//
// The workload carries what that needs as annotations: the template that it has, the release that rendered it last, and
// what it was rendered of.
package podtemplate

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

const (
	// templateAnnotation holds the template that the workload has, as gzipped JSON in base64.
	templateAnnotation = "faspex.io/pod-template"
	// releaseAnnotation names the release of the operator that rendered it last, renderedAnnotation digests what that
	// release makes of the inputs, whether or not the workload has it.
	releaseAnnotation  = "faspex.io/rendered-by"
	renderedAnnotation = "faspex.io/rendered"
	// inputsAnnotation tells what people and Secrets decide: of which inputs it was rendered.
	inputsAnnotation = "faspex.io/rendered-of"
)

// Inputs tells what the pods of a workload are rendered of, beside the code of the operator.
type Inputs struct {
	// Release of the operator.
	Release string
	// Generation of the object that people write.
	Generation int64
	// Given digests the Secrets that the pods read at their start.
	Given string
}

func (i Inputs) text() string { return fmt.Sprintf("%d/%s", i.Generation, i.Given) }

// Keep gives the template that a workload is to have, and the annotations that it is to carry. live are the annotations
// that it carries now; a workload that carries none of them gets the wanted template.
func Keep(live map[string]string, wanted *corev1ac.PodTemplateSpecApplyConfiguration,
	in Inputs) (*corev1ac.PodTemplateSpecApplyConfiguration, map[string]string, error) {
	text, err := json.Marshal(wanted)
	if err != nil {
		return nil, nil, fmt.Errorf("encode pod template: %w", err)
	}
	sum := sha256.Sum256(text)
	rendered := hex.EncodeToString(sum[:8])
	template := wanted
	if before := decode(live[templateAnnotation]); before != nil && keeps(live, rendered, in) {
		template = before
		if text, err = json.Marshal(before); err != nil {
			return nil, nil, fmt.Errorf("encode pod template: %w", err)
		}
	}
	packed, err := pack(text)
	if err != nil {
		return nil, nil, err
	}
	return template, map[string]string{templateAnnotation: packed, releaseAnnotation: in.Release,
		renderedAnnotation: rendered, inputsAnnotation: in.text()}, nil
}

// keeps: this release has rendered the same before, or another one has rendered what it has now of the same inputs.
func keeps(live map[string]string, rendered string, in Inputs) bool {
	if live[releaseAnnotation] == in.Release {
		return live[renderedAnnotation] == rendered
	}
	return live[inputsAnnotation] == in.text()
}

func pack(text []byte) (string, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(text); err != nil {
		return "", fmt.Errorf("pack pod template: %w", err)
	}
	if err := z.Close(); err != nil {
		return "", fmt.Errorf("pack pod template: %w", err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// mostTemplate bounds what is unpacked.
const mostTemplate = 1 << 20

// decode reads a template; nil for what is none, which is then made anew.
func decode(packed string) *corev1ac.PodTemplateSpecApplyConfiguration {
	raw, err := base64.StdEncoding.DecodeString(packed)
	if err != nil || len(raw) == 0 {
		return nil
	}
	z, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(z, mostTemplate))
	template := &corev1ac.PodTemplateSpecApplyConfiguration{}
	if err != nil || json.Unmarshal(text, template) != nil {
		return nil
	}
	return template
}
