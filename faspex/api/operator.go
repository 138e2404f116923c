package api

// OperatorLogin is the login of the account that the operator acts by, given the id of its client. The account is no
// person's: it has no password and no e-mail address, lists do not show it, and nobody changes or deletes it.
func OperatorLogin(clientID string) string { return "faspex-operator:" + clientID }
