package process

import (
	"errors"
	"strconv"
)

// Switch reads an environment variable that is true or false; empty is false.
func Switch(value string) (bool, error) {
	if value == "" {
		return false, nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return false, errors.New("is neither true nor false")
	}
	return on, nil
}
