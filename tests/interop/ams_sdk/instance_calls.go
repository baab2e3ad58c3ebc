package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

var instanceCalls = []call{
	{name: "LaunchInstance and wait", run: func(s *suite) (err error) {
		details := &api.InstancesPost{Name: "first", ApplicationID: s.app, ApplicationVersion: number(0), Tags: []string{"a=1", "b"}, Userdata: text(`{"k":1}`)}
		details.Config.Platform = "webrtc"
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
			expect(instance.StatusCode == 4 && instance.Type == "container" && !instance.IsBase && same(instance.Tags, "a=1", "b"), "%+v", instance),
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
	{name: "CreateInstanceShare", refusal: []string{"agent"}, run: func(s *suite) error {
		if !s.agent {
			_, err := s.CreateInstanceShare(s.instance, &api.InstanceSharesPost{Type: "adb"})
			return err
		}
		expiry := int64(4102444800)
		made, err := s.CreateInstanceShare(s.instance, &api.InstanceSharesPost{Type: "adb", Description: "for a test", ExpiryAt: &expiry})
		if err != nil {
			return err
		}
		s.share = made.Metadata.ID
		return expect(s.share != "" && made.Metadata.Type == "adb" && strings.HasPrefix(made.Metadata.URL, "https://"), "%+v", made.Metadata)
	}},
	{name: "UpdateInstanceShareByID", refusal: []string{"agent"}, run: func(s *suite) error {
		return s.UpdateInstanceShareByID(s.instance, s.shareOrAny(), &api.InstanceSharePatch{Description: text("changed")})
	}},
	{name: "DeleteInstanceShareByID", refusal: []string{"agent"}, run: func(s *suite) error {
		return s.wait(s.DeleteInstanceShareByID(s.instance, s.shareOrAny()))
	}},
}

func (s *suite) shareOrAny() string {
	if s.share == "" {
		return "none"
	}
	return s.share
}

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

var removalCalls = []call{
	{name: "DeleteApplicationByID that has instances", must: true, refusal: []string{"use", "instances"}, run: func(s *suite) error {
		return s.wait(s.DeleteApplicationByID(s.app, false))
	}},
	{name: "DeleteInstances with one that is not there", must: true, refusal: []string{"nothing", "not found"}, run: func(s *suite) error {
		return s.wait(s.DeleteInstances([]string{"nothing"}, true))
	}},
	{name: "DeleteInstanceByID", run: func(s *suite) error {
		if err := all(s.protect(false), s.wait(s.DeleteInstanceByID(s.idle, false))); err != nil {
			return err
		}
		_, _, err := s.RetrieveInstanceByID(s.idle)
		return expect(err != nil, "the instance is still there")
	}},
	{name: "DeleteInstances", run: func(s *suite) error {
		ids := []string{s.instance}
		for n := 0; n < 2; n++ {
			op, err := s.LaunchInstance(&api.InstancesPost{Name: fmt.Sprintf("bulk-%d", n), ApplicationID: "tool", NoStart: true}, true)
			id, err := s.made("instances", op, err)
			if err != nil {
				return err
			}
			ids = append(ids, id)
		}
		if err := s.wait(s.DeleteInstances(ids, true)); err != nil {
			return err
		}
		instances, err := s.ListInstances()
		return all(err, expect(len(instances) == 0, "%d instances are left", len(instances)))
	}},
	{name: "DeleteApplicationByID", run: func(s *suite) error { return s.wait(s.DeleteApplicationByID(s.tarApp, false)) }},
	{name: "DeleteApplications", run: func(s *suite) error {
		if err := s.wait(s.DeleteApplications([]string{s.app}, true)); err != nil {
			return err
		}
		apps, err := s.ListApplications()
		return all(err, expect(len(apps) == 0, "%d applications are left", len(apps)))
	}},
	{name: "DeleteAddon that no application uses", run: func(s *suite) error { return s.wait(s.DeleteAddon("ssh")) }},
	{name: "DeleteImageByIDOrName", run: func(s *suite) error {
		if err := s.wait(s.DeleteImageByIDOrName("jammy", true, "")); err != nil {
			return err
		}
		_, _, err := s.RetrieveImageByIDOrName(s.image, "")
		return expect(err != nil, "the image is still there")
	}},
}

var operationCalls = []call{
	{name: "ShowOperation", run: func(s *suite) error {
		op, err := s.LaunchInstance(&api.InstancesPost{Name: "seen", ApplicationID: "tool", NoStart: true}, true)
		if err != nil {
			return err
		}
		s.operation = op.Get().ID
		shown, err := s.ShowOperation(s.operation)
		return all(err, expect(err != nil || shown.Class == "task" && shown.Description != "" && !shown.CreatedAt.IsZero(), "%+v", shown))
	}},
	{name: "WaitForOperationToFinish", run: func(s *suite) error {
		ended, err := s.WaitForOperationToFinish(s.operation)
		return all(err, expect(err != nil || ended.StatusCode == api.Success && ended.Status == "Success", "%+v", ended))
	}},
	{name: "ListOperations", run: func(s *suite) error {
		operations, err := s.ListOperations()
		for _, one := range operations["success"] {
			if one.ID == s.operation {
				return nil
			}
		}
		return all(err, errMissing)
	}},
	{name: "ListURLs of operations", run: func(s *suite) error { return s.listsURLs("operations", 1) }},
	{name: "CancelOperation", run: func(s *suite) error {
		op, err := s.ExecuteInstanceWithoutSockets()
		if err != nil {
			return err
		}
		if err := all(expect(op.Get().MayCancel, "may_cancel is false"), s.CancelOperation(op.Get().ID)); err != nil {
			return err
		}
		ended, err := s.WaitForOperationToFinish(op.Get().ID)
		return all(err, expect(err != nil || ended.StatusCode == api.Cancelled && ended.Status == "Cancelled", "%+v", ended))
	}},
	{name: "CancelOperation that has ended", must: true, refusal: []string{"cancel"}, run: func(s *suite) error { return s.CancelOperation(s.operation) }},
	{name: "GetEvents", run: func(s *suite) error {
		listener, err := s.GetEvents()
		if err != nil {
			return err
		}
		defer listener.Disconnect()
		if err := s.wait(s.DeleteInstanceByID("seen", true)); err != nil {
			return err
		}
		return s.sees(listener, map[string]bool{"operation": true, "instance-removed": true})
	}},
	{name: "GetEvents of one type", run: func(s *suite) error {
		conn, err := s.Websocket(rest.APIPath("events") + "?type=lifecycle")
		if err != nil {
			return err
		}
		defer conn.Close()
		op, err := s.LaunchInstance(&api.InstancesPost{Name: "seen", ApplicationID: "tool", NoStart: true}, true)
		if err := all(s.wait(op, err), s.wait(s.DeleteInstanceByID("seen", true))); err != nil {
			return err
		}
		_, message, err := conn.ReadMessage()
		return all(err, expect(strings.Contains(string(message), `"lifecycle"`) && strings.Contains(string(message), "instance-created"), "%s", message))
	}},
	{name: "NewEventsToken", run: func(s *suite) error {
		token, err := s.NewEventsToken()
		return all(err, expect(strings.Count(token, ".") == 2, "%q is no JWT", token))
	}},
}

// sees reads events until all that are awaited came.
func (s *suite) sees(listener *rest.EventListener, awaited map[string]bool) error {
	for len(awaited) > 0 {
		select {
		case <-s.ctx.Done():
			return fmt.Errorf("no event: %v", awaited)
		case event, open := <-listener.Events:
			if !open {
				return fmt.Errorf("the events ended; no event: %v", awaited)
			}
			delete(awaited, string(event.Type))
			for name := range awaited {
				if strings.Contains(string(event.Metadata), `"`+name+`"`) {
					delete(awaited, name)
				}
			}
		}
	}
	return nil
}
