package nodeapi

import "fmt"

// APIErrorOf is the status and the text that an error is answered with.
func APIErrorOf(err error) string {
	e := toAPIError(err)
	return fmt.Sprint(e.status, " ", e.message)
}
