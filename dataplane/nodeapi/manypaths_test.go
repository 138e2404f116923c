package nodeapi_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/transferspec"
)

// node-39: a setup of 100,000 pairs is refused with how many fit, and that many do.
func TestSetupSaysHowManyPairsFit(t *testing.T) {
	a := start(t)
	for name, length := range map[string]int{"short names": 0, "names that fill 10 MiB": 30} {
		pairs := make([]transferspec.Path, 100_000)
		for i := range pairs {
			pairs[i] = transferspec.Path{
				Source:      fmt.Sprintf("/data/%s%d/f%x", strings.Repeat("s", length), i%977, i*7919),
				Destination: fmt.Sprintf("/in/%s%d/f%x", strings.Repeat("d", length), i%977, i*7919),
			}
		}
		for direction, setup := range map[string]func(n int) (transferspec.Spec, error){
			"upload": func(n int) (transferspec.Spec, error) {
				return a.master(t).UploadSetup(t.Context(), client.TransferRequest{Paths: pairs[:n]})
			},
			"download": func(n int) (transferspec.Spec, error) {
				return a.master(t).DownloadSetup(t.Context(), client.TransferRequest{Paths: pairs[:n]})
			},
		} {
			_, err := setup(len(pairs))
			status(t, err, 400)
			said := regexp.MustCompile(`the first (\d+) of 100000 fit`).FindStringSubmatch(fmt.Sprint(err))
			if said == nil {
				t.Fatalf("%s, %s: %v", name, direction, err)
			}
			n, err := strconv.Atoi(said[1])
			if err != nil || n < 1000 {
				t.Fatalf("%s, %s: %d fit (%v)", name, direction, n, err)
			}
			spec, err := setup(n)
			if err != nil {
				t.Fatalf("%s, %s, %d of them: %v", name, direction, n, err)
			}
			if g, err := a.keys.Open(spec.Token); err != nil || len(g.Paths) != n || len(spec.Paths) != n {
				t.Errorf("%s, %s: the token holds %d paths of %d (%v)", name, direction, len(g.Paths), n, err)
			}
			_, err = setup(n + n/10)
			status(t, err, 400)
		}
	}
}
