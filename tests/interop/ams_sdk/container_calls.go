package main

import (
	"io"
	"net/http"
	"strings"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/client"
)

var containerCalls = []call{
	{name: "LaunchContainer", run: func(s *suite) (err error) {
		memory := int64(3 << 30)
		op, err := s.LaunchContainer(&api.ContainersPost{ApplicationID: "tool", CPUs: number(1), Memory: &memory, Tags: []string{"old"}}, false)
		s.container, err = s.made("containers", op, err)
		return err
	}},
	{name: "RetrieveContainerByID", run: func(s *suite) error {
		container, _, err := s.RetrieveContainerByID(s.container)
		return all(err, expect(err != nil || container.Type == "regular" && container.Resources.Memory == "3GB" && same(container.Tags, "old"), "%+v", container))
	}},
	{name: "ListContainersWithFilters", run: func(s *suite) error {
		containers, err := s.ListContainersWithFilters([]string{"type=regular", "tags=old"})
		return all(err, expect(len(containers) == 1 && containers[0].ID == s.container, "%d containers", len(containers)))
	}},
	{name: "ListURLs of containers", run: func(s *suite) error { return s.listsURLs("containers", 1) }},
	{name: "ExecuteContainer", run: func(s *suite) error {
		done := &ran{}
		args := &client.ExecArgs{Stdout: &done.out, Stderr: &done.err, DataDone: make(chan bool)}
		op, err := s.ExecuteContainer(s.container, shell("echo out"), args)
		if err != nil {
			return err
		}
		<-args.DataDone
		return all(op.Wait(s.ctx), expect(done.out.text() == "out\n", "%q", done.out.text()))
	}},
	{name: "RetrieveContainerLog", run: func(s *suite) error {
		paths, err := s.ListURLs("containers/" + s.container + "/logs")
		if err != nil || len(paths) == 0 {
			return all(err, expect(false, "there is no log"))
		}
		return s.RetrieveContainerLog(s.container, paths[0][strings.LastIndex(paths[0], "/")+1:], func(_ http.Header, body io.Reader) error {
			_, err := io.ReadAll(body)
			return err
		})
	}},
	{name: "UpdateContainerByID", run: func(s *suite) error {
		return all(s.wait(s.UpdateContainerByID(s.container, &api.ContainerPatch{DesiredStatus: text("stopped")}, false)), s.hasStatus(s.container, "stopped"))
	}},
	{name: "DeleteContainerByID", run: func(s *suite) error { return s.wait(s.DeleteContainerByID(s.container, true)) }},
	{name: "DeleteContainers", run: func(s *suite) error {
		op, err := s.LaunchContainer(&api.ContainersPost{ApplicationID: "tool", NoStart: true}, true)
		id, err := s.made("containers", op, err)
		return all(err, s.wait(s.DeleteContainers([]string{id}, true)))
	}},
}
