package faspexbackup

import (
	"os"
	"testing"

	"faspex.io/operator/test/kubeapi"
)

func TestMain(m *testing.M) { os.Exit(kubeapi.Run(m)) }
