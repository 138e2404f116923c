// The program openapi writes the description of the Faspex API, as core serves it, to the standard output.
// The page's types are made of it.
package main

import (
	"fmt"
	"os"

	"faspex.io/operator/faspex/core"
)

func main() {
	description, err := core.Description()
	if err == nil {
		_, err = os.Stdout.Write(description)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "openapi:", err)
		os.Exit(1)
	}
}
