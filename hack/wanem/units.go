package main

import (
	"fmt"
	"strconv"
	"strings"
)

func parseProb(v string) (float64, error) {
	pct := strings.HasSuffix(v, "%")
	f, err := strconv.ParseFloat(strings.TrimSuffix(v, "%"), 64)
	if pct {
		f /= 100
	}
	if err == nil && (f < 0 || f > 1) {
		err = fmt.Errorf("probability out of range")
	}
	return f, err
}

func parseRate(v string) (float64, error) {
	l := strings.ToLower(v)
	l = strings.TrimSuffix(strings.TrimSuffix(l, "/s"), "bit")
	m := 1.0
	switch {
	case strings.HasSuffix(l, "k"):
		m = 1e3
	case strings.HasSuffix(l, "m"):
		m = 1e6
	case strings.HasSuffix(l, "g"):
		m = 1e9
	}
	if m > 1 {
		l = l[:len(l)-1]
	}
	f, err := strconv.ParseFloat(l, 64)
	if err == nil && f < 0 {
		err = fmt.Errorf("negative rate")
	}
	return f * m, err
}

func parseBytes(v string) (int64, error) {
	l := strings.TrimSuffix(strings.ToLower(v), "b")
	m := int64(1)
	switch {
	case strings.HasSuffix(l, "k"):
		m, l = 1<<10, l[:len(l)-1]
	case strings.HasSuffix(l, "m"):
		m, l = 1<<20, l[:len(l)-1]
	}
	n, err := strconv.ParseInt(l, 10, 64)
	if err == nil && n < 0 {
		err = fmt.Errorf("negative size")
	}
	return n * m, err
}
