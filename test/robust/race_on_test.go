//go:build race

package robust

const raceDetector = true
