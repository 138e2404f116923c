package auth

// OnHash has f called with every key that the server derives from a password, while it holds its turn.
func (s *Server) OnHash(f func()) {
	derive := s.hasher.derive
	s.hasher.derive = func(password, salt []byte, passes, memory uint32, lanes uint8, length uint32) []byte {
		f()
		return derive(password, salt, passes, memory, lanes, length)
	}
}

// HashPlaces and HashPlacesOfOne are the lengths of the queue.
const (
	HashPlaces      = hashPlaces
	HashPlacesOfOne = hashPlacesOfOne
)

// HashPlacesTaken is how many passwords are hashed or wait for that.
func (s *Server) HashPlacesTaken() int {
	s.hasher.mu.Lock()
	defer s.hasher.mu.Unlock()
	return s.hasher.places
}
