package transfer

import (
	"context"
	"fmt"
	"path"
	"time"

	"faspex.io/operator/dataplane/record"
	"faspex.io/operator/dataplane/transferspec"
)

// record begins the session's record.
func (s *session) record(ctx context.Context) error {
	spec := record.StartSpec{
		SourcePaths: []string{}, DestinationPath: s.hello.Destination, FASPPort: s.UDPPort, Cipher: s.options.Cipher,
		RatePolicy: s.options.RatePolicy, TargetRateKbps: s.options.TargetKbps, MinRateKbps: s.options.MinKbps,
		ResumePolicy: s.options.Resume, OverwritePolicy: s.options.Overwrite, CreateDir: s.options.CreateDir,
		DatagramSize: s.options.DatagramSize, PreserveTimestamps: s.options.PreserveTimes,
		FileChecksumType: s.options.Checksum, Aggressiveness: s.options.Aggressiveness,
	}
	for _, source := range s.hello.Sources {
		spec.SourcePaths = append(spec.SourcePaths, source.Source)
	}
	if spec.DestinationPath == "" && s.grant.Direction == transferspec.Send {
		spec.DestinationPath = s.grant.DefaultDestination()
	}
	t := record.Transfer{
		TransferID: s.grant.TransferID, SessionID: s.id, Direction: s.grant.Direction, AccessKey: s.grant.AccessKey,
		KeyCreatedUsec: s.grant.KeyCreatedUsec, IssuedUsec: s.grant.IssuedUsec,
		TokenUser: s.grant.TokenUser, TokenKind: s.grant.Kind, RemoteUser: s.peer.User, ClientAddr: s.peer.Addr,
		ServerAddr: s.peer.LocalAddr, Cookie: s.grant.Cookie, Tags: s.grant.Tags, StartSpec: spec,
	}
	if t.Cookie == "" {
		t.Cookie = s.hello.Cookie
	}
	var err error
	if s.recording, err = s.Recorder.Begin(ctx, t); err != nil {
		return fmt.Errorf("record the session: %w", err)
	}
	return nil
}

// recordFile returns what records the end of each file.
func (s *session) recordFile() func(FileEvent) {
	return func(e FileEvent) {
		if e.Target == "" { // It never got as far as to have one.
			e.Target = e.Path
		}
		f := record.FileResult{
			Path: path.Join(s.grant.Root, e.Target), Size: e.Size, StartByte: e.Resumed, BytesWritten: e.Size,
			Status: record.StatusCompleted, ChecksumType: e.ChecksumType, Checksum: e.Checksum, StartedAt: e.Started,
			EndedAt: e.Finished,
		}
		if e.Checksum == "" {
			f.ChecksumType = ChecksumNone
		}
		if e.Skipped {
			f.StartByte = e.Size
		}
		if e.Err != nil {
			f.Status, f.BytesWritten, f.ErrorCode, f.ErrorDesc = record.StatusFailed, 0, int(e.Err.Code), e.Err.Text
		}
		s.recording.File(f)
	}
}

func (s *session) recorded() record.Progress {
	p := s.now.progress()
	out := record.Progress{
		BytesExpected: p.BytesExpected, FilesExpected: p.FilesExpected, BytesTransferred: p.BytesMoved,
		BytesWritten: p.BytesMoved + p.BytesResumed, FilesCompleted: p.FilesDone, FilesFailed: p.FilesFailed,
		FilesSkipped:         p.FilesSkipped,
		DirectoriesCompleted: p.Folders, TargetRateKbps: s.options.TargetKbps, NetworkDelay: p.RTT,
	}
	out.AvgRateKbps = p.BytesMoved * 8 / max(1, time.Since(s.began).Milliseconds())
	return out
}
