package main

import (
	"io"
	"net/http"
	"strings"
	"time"

	"redan.example/ams_sdk/api"
)

var instanceCalls = []call{
	{name: "LaunchInstance and wait", run: func(s *suite) (err error) {
		details := &api.InstancesPost{Name: "first", ApplicationID: s.app, ApplicationVersion: number(0), Tags: []string{"a=1", "b"}, Userdata: text(`{"k":1}`)}
		details.Config.Platform, details.Config.EnableStreaming = "webrtc", s.agent
		details.Config.Display = api.Display{Width: 640, Height: 480, FPS: 30, Density: 160}
		details.Services = []api.NetworkServiceSpec{{Name: "web", Port: 8080, Protocols: []string{"tcp"}}}
		op, err := s.LaunchInstance(details, false)
		if s.instance, err = s.made("instances", op, err); err != nil {
			return err
		}
		return s.hasStatus(s.instance, "running")
	}},
	{name: "LaunchInstance without waiting or starting", run: func(s *suite) (err error) {
		op, err := s.LaunchInstance(&api.InstancesPost{ApplicationID: "tool", NoStart: true}, true)
		if s.idle, err = s.made("instances", op, err); err != nil {
			return err
		}
		return s.hasStatus(s.idle, "created")
	}},
	{name: "LaunchInstance of an application that is not there", must: true, refusal: []string{"not found", "no application", "application"}, run: func(s *suite) error {
		return s.wait(s.LaunchInstance(&api.InstancesPost{ApplicationID: "nothing"}, true))
	}},
	{name: "LaunchInstance of a name that is taken", must: true, refusal: []string{"first"}, run: func(s *suite) error {
		return s.wait(s.LaunchInstance(&api.InstancesPost{Name: "first", ApplicationID: s.app}, true))
	}},
	{name: "LaunchInstance of a virtual machine", must: true, refusal: []string{"vm", "virtual"}, run: func(s *suite) error {
		return s.wait(s.LaunchInstance(&api.InstancesPost{ApplicationID: s.app, Type: "vm"}, true))
	}},
	{name: "ListInstances", run: func(s *suite) error {
		instances, err := s.ListInstances()
		return all(err, expect(len(instances) == 2, "%d instances", len(instances)))
	}},
	{name: "ListURLs of instances", run: func(s *suite) error { return s.listsURLs("instances", 2) }},
	{name: "ListInstancesWithFilters", run: func(s *suite) error {
		node, err := s.firstNode()
		if err != nil {
			return err
		}
		for filter, count := range map[string]int{"id=" + s.instance: 1, "name=first": 1, "name=none": 0, "status=running": 1, "status=created": 1,
			"type=container": 2, "type=vm": 0, "base=false": 2, "base=true": 0, "node=" + node: 2, "node=none": 0, "app_id=" + s.app: 1, "app_name=tool": 1,
			"app_version=0": 2, "app_version=1": 0, "tags=a=1": 1, "tags=a=1,b": 1, "tags=b,c": 0, "limit=1": 1, "offset=2": 0} {
			instances, err := s.ListInstancesWithFilters([]string{filter})
			if err != nil || len(instances) != count {
				return all(err, expect(false, "%s finds %d, not %d", filter, len(instances), count))
			}
		}
		return nil
	}},
	{name: "RetrieveInstanceByID", run: func(s *suite) error {
		instance, etag, err := s.RetrieveInstanceByID(s.instance)
		if err != nil {
			return err
		}
		return all(
			expect(instance.Name == "first" && instance.AppID == s.app && instance.AppName == "web" && instance.AppVersion == 0 && etag != "", "%+v", instance),
			expect(instance.StatusCode == 4 && instance.Type == "container" && !instance.IsBase && len(instance.Tags) >= 2 && same(instance.Tags[:2], "a=1", "b") && (len(instance.Tags) == 4) == s.agent, "%+v", instance),
			expect(instance.Resources.CPUs >= 1 && instance.Resources.Memory >= 3<<30, "resources: %+v", instance.Resources),
			expect(instance.Config.Display == api.Display{Width: 640, Height: 480, FPS: 30, Density: 160}, "display: %+v", instance.Config.Display),
			expect(len(instance.Services) >= 1 && instance.Config.Platform == "webrtc", "%+v", instance))
	}},
	{name: "RetrieveInstanceByID by name", run: func(s *suite) error {
		instance, _, err := s.RetrieveInstanceByID("first")
		return all(err, expect(err != nil || instance.ID == s.instance, "it is %s", instance.ID))
	}},
	{name: "UpdateInstanceByID starts", run: func(s *suite) error {
		return all(s.wait(s.UpdateInstanceByID(s.idle, &api.InstancePatch{DesiredStatus: text("running")}, false)), s.hasStatus(s.idle, "running"))
	}},
	{name: "UpdateInstanceByID stops", run: func(s *suite) error {
		return all(s.wait(s.UpdateInstanceByID(s.idle, &api.InstancePatch{DesiredStatus: text("stopped")}, false)), s.hasStatus(s.idle, "stopped"))
	}},
	{name: "UpdateInstanceByID protects", run: func(s *suite) error { return all(s.protect(true), s.protect(false), s.protect(true)) }},
	{name: "DeleteInstanceByID of a protected instance", must: true, refusal: []string{"protected"}, run: func(s *suite) error {
		return s.wait(s.DeleteInstanceByID(s.idle, true))
	}},
	{name: "PublishInstance", refusal: []string{"instance", "source"}, run: func(s *suite) error {
		return s.wait(s.PublishInstance(s.idle, "published", true, false))
	}},
	{name: "ListTasks", run: func(s *suite) error {
		tasks, err := s.ListTasks()
		for _, task := range tasks {
			if task.ObjectID == s.instance && task.Status == "running" {
				return nil
			}
		}
		return all(err, expect(false, "no task runs %s: %+v", s.instance, tasks))
	}},
	{name: "ListInstanceLogs", run: func(s *suite) error {
		_, err := s.logOf(s.instance)
		return err
	}},
	{name: "RetrieveInstanceLog", run: func(s *suite) error {
		name, err := s.logOf(s.instance)
		if err != nil {
			return err
		}
		return s.RetrieveInstanceLog(s.instance, name, func(_ http.Header, body io.Reader) error {
			content, err := io.ReadAll(body)
			return all(err, expect(len(content) > 0, "the log is empty"))
		})
	}},
	{name: "RetrieveInstanceLog of a log that is not there", must: true, refusal: []string{"not found", "no log", "log"}, run: func(s *suite) error {
		return s.RetrieveInstanceLog(s.instance, "nothing.log", func(http.Header, io.Reader) error { return nil })
	}},
}

func (s *suite) hasStatus(id, status string) error {
	instance, _, err := s.RetrieveInstanceByID(id)
	return all(err, expect(err != nil || instance.Status == status, "it is %s, not %s: %s", instance.Status, status, instance.ErrorMessage))
}

func (s *suite) protect(protected bool) error {
	patch := &api.InstancePatch{}
	patch.Config.Security.DeleteProtected = yes(protected)
	if err := s.wait(s.UpdateInstanceByID(s.idle, patch, false)); err != nil {
		return err
	}
	instance, _, err := s.RetrieveInstanceByID(s.idle)
	return all(err, expect(err != nil || instance.Config.Security.DeleteProtected == protected, "delete_protected is not %v", protected))
}

// logOf returns the name of a log. The documented list has paths.
func (s *suite) logOf(id string) (string, error) {
	paths, err := s.ListInstanceLogs(id)
	prefix := "/1.0/instances/" + id + "/logs/"
	if err != nil || len(paths) == 0 || !strings.HasPrefix(paths[0], prefix) {
		return "", all(err, expect(false, "the logs are %v", paths))
	}
	return paths[0][len(prefix):], nil
}

var shareCalls = []call{
	{name: "CreateInstanceShare", refusal: []string{"shares of an instance"}, run: func(s *suite) error {
		if !s.agent {
			_, err := s.CreateInstanceShare(s.instance, &api.InstanceSharesPost{Type: "adb"})
			return err
		}
		expiry := time.Now().Add(time.Hour).Unix()
		made, err := s.CreateInstanceShare(s.instance, &api.InstanceSharesPost{Type: "adb", Description: "for a test", ExpiryAt: &expiry})
		if err != nil {
			return err
		}
		s.share = made.Metadata.ID
		return expect(s.share != "" && made.Metadata.Type == "adb" && strings.HasPrefix(made.Metadata.URL, "https://"), "%+v", made.Metadata)
	}},
	{name: "UpdateInstanceShareByID", refusal: []string{"shares of an instance"}, run: func(s *suite) error {
		return s.UpdateInstanceShareByID(s.instance, s.shareOrAny(), &api.InstanceSharePatch{Description: text("changed")})
	}},
	{name: "DeleteInstanceShareByID", refusal: []string{"shares of an instance"}, run: func(s *suite) error {
		return s.wait(s.DeleteInstanceShareByID(s.instance, s.shareOrAny()))
	}},
}

func (s *suite) shareOrAny() string {
	if s.share == "" {
		return "none"
	}
	return s.share
}
