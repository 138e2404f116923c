package nodeapi

import (
	"faspex.io/operator/dataplane/nodeapi/client"
	"faspex.io/operator/dataplane/store"
)

// describeTransfer is the Node API's view of a transfer. Bytes that crossed the network are the sum over its
// sessions, because a retry goes on where the former session stopped; what is written and done is what the
// session that got furthest has.
func (s *Server) describeTransfer(t store.TransferRecord) client.Transfer {
	spec := t.StartSpec
	if spec.SourcePaths == nil {
		spec.SourcePaths = []string{}
	}
	out := client.Transfer{
		ID: t.ID, Status: string(t.Status), ErrorCode: t.ErrorCode, ErrorDesc: t.ErrorDesc,
		StartTimeUsec: t.StartedUsec, EndTimeUsec: t.EndedUsec, ElapsedUsec: s.elapsed(t.StartedUsec, t.EndedUsec),
		StartSpec: client.StartSpec{
			Direction: string(t.Direction), Endpoint: "server",
			RemoteHost: spec.RemoteHost, RemoteUser: t.RemoteUser, SSHPort: spec.SSHPort, FASPPort: spec.FASPPort,
			SourcePaths: spec.SourcePaths, DestinationPath: spec.DestinationPath, Cookie: t.Cookie, Tags: t.Tags,
			TokenType: t.TokenKind, ServerTokenUserID: t.TokenUser, ServerAccessKey: t.AccessKey, Cipher: spec.Cipher,
			RatePolicy: spec.RatePolicy, TargetRateKbps: spec.TargetRateKbps, MinRateKbps: spec.MinRateKbps,
			ResumePolicy: spec.ResumePolicy, OverwritePolicy: spec.OverwritePolicy, CreateDir: spec.CreateDir,
			DatagramSize: spec.DatagramSize, PreserveTimestamps: spec.PreserveTimestamps,
			FileChecksumType: spec.FileChecksumType, Aggressiveness: spec.Aggressiveness,
		},
		Sessions: make([]client.Session, len(t.Sessions)), Files: []client.File{}, Precalc: precalc(0, 0),
	}
	if t.Job {
		asClient(&out.StartSpec, t)
	}
	var active int64
	for i, session := range t.Sessions {
		p := session.Progress
		out.Sessions[i] = s.describeSession(session)
		if t.Job {
			out.Sessions[i].ClientNodeID, out.Sessions[i].ServerNodeID = session.Node, ""
		}
		active += out.Sessions[i].ElapsedUsec
		out.BytesTransferred += p.BytesTransferred
		out.BytesWritten = max(out.BytesWritten, p.BytesWritten)
		out.BytesLost += p.BytesLost
		out.FilesCompleted = max(out.FilesCompleted, p.FilesCompleted)
		out.DirectoriesCompleted = max(out.DirectoriesCompleted, p.DirectoriesCompleted)
		// The whole transfer is as large as its first session saw it; a retry has less to do.
		out.Precalc = precalc(max(out.Precalc.BytesExpected, p.BytesExpected),
			max(out.Precalc.FilesExpected, p.FilesExpected))
	}
	out.AvgRateKbps = rateKbps(out.BytesTransferred, active)
	return out
}

// asClient says of a transfer that the node makes itself who had it made: they are at the client's end.
func asClient(spec *client.StartSpec, t store.TransferRecord) {
	spec.Endpoint = "client"
	spec.ClientTokenUserID, spec.ClientAccessKey = t.TokenUser, t.AccessKey
	spec.ServerTokenUserID, spec.ServerAccessKey = "", t.StartSpec.RemoteAccessKey
	spec.SourceRootID, spec.DestinationRootID = t.StartSpec.SourceRootID, t.StartSpec.DestinationRootID
}

func (s *Server) describeSession(r store.SessionRecord) client.Session {
	p := r.Progress
	elapsed := s.elapsed(r.StartedUsec, r.EndedUsec)
	return client.Session{
		ID: r.ID, Status: string(r.Status), ServerNodeID: r.Node,
		ClientIPAddress: r.ClientAddr, ServerIPAddress: r.ServerAddr,
		StartTimeUsec: r.StartedUsec, EndTimeUsec: r.EndedUsec, ElapsedUsec: elapsed,
		BytesTransferred: p.BytesTransferred, BytesWritten: p.BytesWritten, BytesLost: p.BytesLost,
		FilesCompleted: p.FilesCompleted, FilesFailed: p.FilesFailed, DirectoriesCompleted: p.DirectoriesCompleted,
		TargetRateKbps: p.TargetRateKbps, AvgRateKbps: rateKbps(p.BytesTransferred, elapsed),
		NetworkDelayUsec: r.NetworkDelayUsec, ErrorCode: r.ErrorCode, ErrorDesc: r.ErrorDesc,
		Precalc: precalc(p.BytesExpected, p.FilesExpected),
		SourceStatistics: client.SourceStatistics{
			FilesScanCompleted: p.FilesExpected, FilesXferAttempted: p.FilesCompleted + p.FilesFailed,
			FilesXferFail: p.FilesFailed, FilesXferNoXfer: p.FilesSkipped, DirsXferAttempted: p.DirectoriesCompleted,
		},
	}
}

// rateKbps is the mean rate in kilobits per second.
func rateKbps(bytes, usec int64) int64 { return bytes * 8000 / max(usec, 1) }

func precalc(bytes, files int64) client.Precalc {
	out := client.Precalc{Enabled: true, Status: "waiting", BytesExpected: bytes, FilesExpected: files}
	if files > 0 || bytes > 0 {
		out.Status = "ready"
	}
	return out
}

func describeFiles(files []store.FileRecord) []client.File {
	out := make([]client.File, len(files))
	for i, f := range files {
		out[i] = client.File{
			ID: f.SessionID + "-" + f.Path, SessionID: f.SessionID, Path: f.Path, Status: string(f.Status), Type: "file",
			Size: f.Size, StartByte: f.StartByte, BytesWritten: f.BytesWritten,
			ChecksumType: f.ChecksumType, Checksum: f.Checksum, ErrorCode: f.ErrorCode, ErrorDesc: f.ErrorDesc,
		}
		if !f.StartedAt.IsZero() && !f.EndedAt.IsZero() {
			out[i].StartTimeUsec, out[i].EndTimeUsec = f.StartedAt.UnixMicro(), f.EndedAt.UnixMicro()
			out[i].ElapsedUsec = f.EndedAt.Sub(f.StartedAt).Microseconds()
		}
	}
	return out
}

// elapsed is the time from start to end, or until now while there is no end.
func (s *Server) elapsed(start, end int64) int64 {
	if end == 0 {
		end = s.Now().UnixMicro()
	}
	return max(end-start, 0)
}
