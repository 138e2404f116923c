package main

import (
	"encoding/base64"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"faspex.io/operator/dataplane/transfer/fail"
)

// kbps reads a rate: a number of kbit/s, or with a suffix.
func kbps(name, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	number, factor := text, 1.0
	switch text[len(text)-1] {
	case 'k', 'K':
		number = text[:len(text)-1]
	case 'm', 'M':
		number, factor = text[:len(text)-1], 1e3
	case 'g', 'G':
		number, factor = text[:len(text)-1], 1e6
	}
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v < 0 || math.IsNaN(v) || v*factor > 1e12 {
		return 0, fmt.Errorf("%s takes a rate in kbit/s, such as 100000 or 100M, not %q", name, text)
	}
	return int64(v * factor), nil
}

// cutPercent takes the sign of a share of the highest rate off: %, or a P as published.
func cutPercent(text string) (string, bool) {
	number := strings.TrimRight(text, "%pP")
	return number, number != text
}

// percent reads a share of the highest rate that a server allows.
func percent(name, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	number, _ := cutPercent(text)
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || v < 1 || v > 100 {
		return 0, fmt.Errorf("%s takes a share between 1%% and 100%%, not %q", name, text)
	}
	return int(v), nil
}

// moment reads a time in seconds since 1970; negative numbers are seconds before now.
func moment(name, text string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	v, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return 0, fmt.Errorf("%s takes seconds since 1970 or a time such as 2026-01-02T15:04:05Z, not %q", name, text)
		}
		return at.Unix(), nil
	}
	if v < 0 {
		v += time.Now().Unix()
	}
	return v, nil
}

func cipher(text string) (string, error) {
	if text == "none" {
		return text, nil
	}
	plain := strings.ReplaceAll(strings.ToLower(text), "-", "")
	plain = strings.TrimSuffix(strings.TrimSuffix(plain, "gcm"), "cfb")
	switch plain {
	case "":
		return "", nil
	case "aes128", "aes192", "aes256":
		return "aes-" + plain[3:] + "-gcm", nil
	}
	return "", fail.New(fail.Usage, "cipher %q is not supported, use aes128, aes192, aes256 or none", text)
}

func decode64(name, text string) (string, error) {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%s is not base64", name)
	}
	return string(b), nil
}
