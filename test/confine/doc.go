// Package confine holds the tests of what nobody with the rights of one package and one access key may reach,
// whatever links they lay and in whichever order they call and transfer. They run the real Node API and real
// transfer sessions in one process.
package confine
