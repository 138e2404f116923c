package core

import (
	"context"
	"errors"
	"net/http"
	"time"

	"faspex.io/operator/faspex/api"
	"faspex.io/operator/faspex/store"
)

type jobList struct {
	List
	Jobs []api.Job `json:"jobs"`
}

func (s *Server) registerJobs() {
	const what = "job"
	type ListInput struct {
		Paging
		Type       string `query:"job_type" enum:"email,transfer_stats,background,relay,event,package_processing"`
		Status     string `query:"status" enum:"queued,working,failed,completed,disabled,initiated"`
		Occurrence string `query:"occurrence" enum:"recurring,one_time"`
		Query      string `query:"q" doc:"part of the name"`
	}
	register(s, operation{method: http.MethodGet, path: v5 + "/jobs", id: "list-jobs", what: what, access: configurers,
		summary: "List background work"},
		func(ctx context.Context, in *ListInput) (*body[jobList], error) {
			found, total, err := s.store.ListJobs(ctx, store.JobFilter{Type: in.Type, Status: in.Status,
				Occurrence: in.Occurrence, Query: in.Query}, in.page())
			if err != nil {
				return nil, err
			}
			out := jobList{List: in.list(total), Jobs: []api.Job{}}
			for _, j := range found {
				out.Jobs = append(out.Jobs, jobOut(j))
			}
			return answerWith(out), nil
		})
	register(s, operation{method: http.MethodGet, path: v5 + "/jobs/{id}", id: "get-job", what: what, access: configurers,
		summary: "Read a job"},
		func(ctx context.Context, in *IDPath) (*body[api.Job], error) {
			id, err := number(in.ID, what)
			if err != nil {
				return nil, err
			}
			j, err := s.store.Job(ctx, id)
			return answerWith(jobOut(j)), err
		})
	register(s, operation{method: http.MethodDelete, path: v5 + "/jobs/{id}", id: "delete-job", what: what,
		access: configurers, summary: "Remove a job that runs once and does not run now"},
		func(ctx context.Context, in *IDPath) (*empty, error) {
			id, err := number(in.ID, what)
			if err == nil {
				err = s.store.RemoveJob(ctx, id)
			}
			if errors.Is(err, store.ErrInUse) {
				err = conflict("The job runs now, or it recurs.")
			}
			return nil, err
		})
	register(s, operation{method: http.MethodPost, path: v5 + "/jobs/retry", id: "retry-jobs", what: what,
		access: configurers, status: http.StatusMultiStatus, batch: true,
		summary: "Try failed jobs again: those named, or all of a type"}, s.retryJobs)
}

func (s *Server) retryJobs(ctx context.Context, in *struct {
	Type string `query:"job_type" enum:"email,transfer_stats,background,relay,event,package_processing"`
	IDs  string `query:"ids"`
}) (*batchOutput, error) {
	var all []string
	if in.IDs == "" {
		failed, _, err := s.store.ListJobs(ctx, store.JobFilter{Type: in.Type, Status: store.JobFailed}, everything)
		if err != nil {
			return nil, err
		}
		for _, j := range failed {
			all = append(all, text(j.ID))
		}
	} else {
		var err error
		if all, err = ids(in.IDs, nil); err != nil {
			return nil, err
		}
	}
	out := s.batch(ctx, "job", all, func(ctx context.Context, id string) error {
		n, err := number(id, "job")
		if err == nil {
			err = s.store.RetryJob(ctx, n, s.now())
		}
		if errors.Is(err, store.ErrNotFound) {
			err = newProblem(http.StatusNotFound, "There is no such failed job.")
		}
		return err
	})
	if out.Body == nil { // the published answer is 207 whatever happened
		out = &batchOutput{Status: http.StatusMultiStatus, Body: &batchAnswer{Errors: []batchError{},
			Details: batchDetails{Failed: []string{}, Succeeded: notNil(all)}}}
	}
	return out, nil
}

func jobOut(j store.Job) api.Job {
	return api.Job{
		ID: text(j.ID), WorkerID: j.WorkerID, JobName: j.Name, ReferenceUUID: j.Reference, JobType: j.Type,
		RetryCount: j.RetryCount, MaxAttempts: j.MaxAttempts, Persistent: j.Persistent, Status: j.Status,
		NextAvailability: stamp(j.NextAvailability), ScheduledInterval: int(j.Interval / time.Second),
		ErrorCode: j.ErrorCode, ErrorDesc: j.ErrorDesc, MethodName: j.Method, SerializedArgs: j.Args,
		CreatedAt: stamp(j.CreatedAt), UpdatedAt: stamp(j.UpdatedAt), Data: j.Data,
	}
}
