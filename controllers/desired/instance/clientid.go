package instance

import (
	"github.com/google/uuid"

	"faspex.io/operator/api/v1alpha1"
)

// clientIDSpace keeps the ids from being those of anything else that is named likewise.
var clientIDSpace = uuid.MustParse("5d7c4b0e-1f0b-4b43-9a43-6c1f5a2f9f10")

// clientID is the id of an API client that needs no secret. It depends only on the instance's name, so that an instance
// that is made again over retained data has the clients that the data speaks of.
func clientID(instance *v1alpha1.FaspexInstance, client string) string {
	return uuid.NewSHA1(clientIDSpace, []byte(instance.Namespace+"/"+instance.Name+"/"+client)).String()
}
