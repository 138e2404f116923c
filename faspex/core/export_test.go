package core

import "time"

// SetHeartbeat shortens the wait for what is looked at with each heartbeat of a stream.
func (s *Server) SetHeartbeat(every time.Duration) { s.heartbeat = every }
