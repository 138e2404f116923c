package control

import "fmt"

// Limits of the JSON of a message. An empty object of three bytes would become one of 32, and a list of them garbage of
// several times that, while it grows.
const (
	// maxValues is how many elements the lists and objects of one message have in all.
	maxValues = 16 << 10
	// maxDepth is how deep they lie in one another.
	maxDepth = 64
)

// checkShape refuses text that would take many times its size in memory, before it is decoded. Whether it is JSON
// at all is the decoder's to say.
func checkShape(text []byte) error {
	values, depth := 0, 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			for i++; i < len(text) && text[i] != '"'; i++ {
				if text[i] == '\\' {
					i++
				}
			}
		case '{', '[':
			values++
			depth++
		case '}', ']':
			depth--
		case ',':
			values++
		}
		if values > maxValues || depth > maxDepth {
			return fmt.Errorf("it has more than %d values or lies deeper than %d", maxValues, maxDepth)
		}
	}
	return nil
}
