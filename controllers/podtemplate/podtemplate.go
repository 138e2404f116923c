// Package podtemplate keeps pods running over an upgrade of the operator. A new release may render the pods of a
// workload in another way; as long as nobody changed anything, that is no reason to restart them. What somebody changes first
// afterwards rolls them once, with everything that the release does in another way.
//
// The workload carries what that needs: the template that it has, the release that rendered it last, and what it was
// rendered of. The last is a label, because each annotation that changes makes another generation of a Deployment.
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

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

const (
	// templateAnnotation holds the template that the workload has, as gzipped JSON in base64.
	templateAnnotation = "faspex.io/pod-template"
	// releaseAnnotation names the release of the operator that rendered it last, renderedAnnotation digests what that
	// release makes of the inputs, whether or not the workload has it.
	releaseAnnotation  = "faspex.io/rendered-by"
	renderedAnnotation = "faspex.io/rendered"
	// inputsLabel tells what people and Secrets decide: of which inputs it was rendered.
	inputsLabel = "faspex.io/rendered-of"
)

// Inputs tells what the pods of a workload are rendered of, beside the code of the operator.
type Inputs struct {
	// Release of the operator, with its image where the pods run that.
	Release string
	// Generation of the object that people write.
	Generation int64
	// Given digests the Secrets that the pods read at their start, in letters and digits.
	Given string
}

func (i Inputs) text() string { return fmt.Sprintf("%d-%s", i.Generation, i.Given) }

// Kept is what a workload is to have: its pods, and what it carries to know them by.
type Kept struct {
	Template            *corev1ac.PodTemplateSpecApplyConfiguration
	Annotations, Labels map[string]string
}

// Keep gives what a workload is to have. live is the workload as it is; one that carries nothing of a rendering gets the
// wanted template.
func Keep(live metav1.Object, wanted *corev1ac.PodTemplateSpecApplyConfiguration, in Inputs) (Kept, error) {
	text, err := json.Marshal(wanted)
	if err != nil {
		return Kept{}, fmt.Errorf("encode pod template: %w", err)
	}
	sum := sha256.Sum256(text)
	rendered := hex.EncodeToString(sum[:8])
	packed := live.GetAnnotations()[templateAnnotation]
	template := decode(packed)
	if template == nil || !keeps(live, rendered, in) {
		template = wanted
		if packed, err = pack(text); err != nil {
			return Kept{}, err
		}
	}
	return Kept{Template: template, Labels: map[string]string{inputsLabel: in.text()},
		Annotations: map[string]string{templateAnnotation: packed, releaseAnnotation: in.Release, renderedAnnotation: rendered},
	}, nil
}

// keeps: this release has rendered the same before, or another one has rendered what it has now of the same inputs.
func keeps(live metav1.Object, rendered string, in Inputs) bool {
	if live.GetAnnotations()[releaseAnnotation] == in.Release {
		return live.GetAnnotations()[renderedAnnotation] == rendered
	}
	return live.GetLabels()[inputsLabel] == in.text()
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
