package main

import (
	"fmt"
	"os"

	"faspex.io/operator/faspex/store"
)

// openStore opens the database that the environment names. Nothing is asked of it yet.
func openStore() (*store.Store, error) {
	config, err := store.ConfigFromEnv(os.Getenv)
	if err != nil {
		return nil, fmt.Errorf("read database configuration: %w", err)
	}
	db, err := store.Open(config)
	if err != nil {
		return nil, err
	}
	return store.New(db), nil
}
