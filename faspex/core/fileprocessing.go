package core

import (
	"context"
	"errors"
	"net/http"
	"path"

	"faspex.io/operator/faspex/packages"
	"faspex.io/operator/faspex/policy"
	"faspex.io/operator/faspex/store"
)

// processedFile is a file that another system processes before recipients have its package.
type processedFile struct {
	ID          string `json:"id"`
	NodeID      string `json:"node_id"`
	Status      string `json:"status" enum:"to_be_processed,processing,processing_completed,processing_failed"`
	Path        string `json:"path" doc:"in the package"`
	FileName    string `json:"file_name"`
	Message     string `json:"message"`
	UpdatedAt   string `json:"updated_at"`
	PackageUUID string `json:"package_uuid"`
	PackageID   string `json:"package_id"`
}

type processedFileList struct {
	List
	Files []processedFile `json:"files"`
}

type fileStatuses struct {
	Files []struct {
		ID      string `json:"id"`
		Status  string `json:"status" enum:"processing,processing_completed,processing_failed"`
		Message string `json:"message,omitempty" maxLength:"1024"`
	} `json:"files" minItems:"1" maxItems:"1000"`
}

// fileStatusAnswer tells which files took their status and which did not, and why.
type fileStatusAnswer struct {
	Files []processedFile `json:"files"`
	batchAnswer
}

type fileStatusOutput struct {
	Status int
	Body   fileStatusAnswer
}

// registerFileProcessing adds the calls by which another system learns of files and says what became of them.
func (s *Server) registerFileProcessing() {
	const what = "file"
	register(s, operation{method: http.MethodPost, path: v5 + "/file_processing", id: "files-to-process", what: what,
		access: policy.WriteAllPackages, status: http.StatusOK, summary: "List files that wait to be processed"},
		func(ctx context.Context, in *Paging) (*body[processedFileList], error) {
			return s.listFiles(ctx, 0, *in)
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/packages/{id}/file_statuses", id: "list-file-statuses", what: what,
		access: anyone, summary: "List what became of the files of a package, for its sender"},
		func(ctx context.Context, in *struct {
			IDPath
			Paging
		}) (*body[processedFileList], error) {
			v, err := s.view(ctx, in.ID)
			if err != nil {
				return nil, err
			}
			if !v.manages {
				return nil, forbidden("Only its sender sees how the files of a package are processed.")
			}
			return s.listFiles(ctx, v.pkg.ID, in.Paging)
		})
	register(s, operation{method: http.MethodPut, path: v5 + "/file_processing", id: "set-file-statuses", what: what,
		access: policy.WriteAllPackages, status: http.StatusOK, batch: true, summary: "Say what became of files"},
		func(ctx context.Context, in *struct{ Body fileStatuses }) (*fileStatusOutput, error) {
			out := &fileStatusOutput{Status: http.StatusOK, Body: fileStatusAnswer{Files: []processedFile{},
				batchAnswer: batchAnswer{Errors: []batchError{}, Details: batchDetails{Failed: []string{}, Succeeded: []string{}}}}}
			for _, f := range in.Body.Files {
				set, err := s.setFileStatus(ctx, f.ID, f.Status, f.Message)
				if err != nil {
					p := s.answer(ctx, what, err).(*problem)
					out.Status = http.StatusMultiStatus
					out.Body.Errors = append(out.Body.Errors, batchError{f.ID, p.Code, p.Message})
					out.Body.Details.Failed = append(out.Body.Details.Failed, f.ID)
					continue
				}
				out.Body.Files = append(out.Body.Files, processedFileOut(set))
				out.Body.Details.Succeeded = append(out.Body.Details.Succeeded, f.ID)
			}
			return out, nil
		})
}

func (s *Server) listFiles(ctx context.Context, id int64, in Paging) (*body[processedFileList], error) {
	found, total, err := s.store.PackageFiles(ctx, id, in.page())
	if err != nil {
		return nil, err
	}
	out := processedFileList{List: in.list(total), Files: make([]processedFile, len(found))}
	for i, f := range found {
		out.Files[i] = processedFileOut(f)
	}
	return answerWith(out), nil
}

func (s *Server) setFileStatus(ctx context.Context, id, status, message string) (store.PackageFile, error) {
	n, err := number(id, "file")
	if err != nil {
		return store.PackageFile{}, err
	}
	if _, err := s.store.PackageFile(ctx, n); err != nil {
		return store.PackageFile{}, err
	}
	if err := s.store.SetFileStatus(ctx, n, status, message); errors.Is(err, store.ErrNotFound) {
		return store.PackageFile{}, conflict("The package of this file is not being processed any more.")
	} else if err != nil {
		return store.PackageFile{}, err
	}
	return s.store.PackageFile(ctx, n)
}

func processedFileOut(f store.PackageFile) processedFile {
	return processedFile{ID: text(f.ID), NodeID: text(f.NodeID), Status: f.Status, Path: f.Path, FileName: path.Base(f.Path),
		Message: f.Message, UpdatedAt: stamp(f.UpdatedAt), PackageUUID: f.PackageUUID, PackageID: text(f.PackageID)}
}

// fileProcessing is how a package shows what became of its files.
func fileProcessing(s packages.State) (status string, needed bool) {
	switch s {
	case packages.FileProcessingNeeded, packages.FileProcessing:
		return "processing", true
	case packages.FileProcessingFailed:
		return "processing_failed", true
	case packages.FileProcessingTimeout:
		return "processing_timeout", true
	}
	return "no_processing_performed", false
}
