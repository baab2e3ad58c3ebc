package main

import (
	"net/http"
	"strings"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/client"
)

var extensions = []string{"instance_support", "instance_share_support", "zip_archive_support", "application_image_export",
	"application_manifest_download", "application_partial_updates", "container_logs", "container_exec", "instance_exec",
	"bulk_delete.applications", "bulk_delete.instances", "bulk_delete.containers", "metrics_api_endpoint", "auth.groups", "oidc_support"}

var serviceCalls = []call{
	{name: "RetrieveServiceStatus", run: func(s *suite) error {
		status, _, err := s.RetrieveServiceStatus()
		if err != nil {
			return err
		}
		for kind, entitlements := range status.AuthPermissions {
			if len(entitlements) == 0 || entitlements[0]["entitlement_name"] == "" {
				return expect(false, "auth_permissions lists no entitlement_name for %s", kind)
			}
		}
		return expect(len(status.AuthPermissions["server"]) > 0 && status.Auth == "trusted" && status.APIVersion == "1.0" && status.APIStatus == "stable", "%+v", status)
	}},
	{name: "RetrieveServiceStatus without a certificate", run: func(s *suite) error {
		open, err := client.New(s.address, s.config, s.observe)
		if err != nil {
			return err
		}
		status, _, err := open.RetrieveServiceStatus()
		return all(err, expect(err != nil || status.Auth == "untrusted", "auth is %s", status.Auth))
	}},
	{name: "HasExtension", run: func(s *suite) error {
		for _, name := range extensions {
			if has, err := s.HasExtension(name); err != nil || !has {
				return all(err, expect(false, "api_extensions lacks %s", name))
			}
		}
		return nil
	}},
	{name: "GetVersion", run: func(s *suite) error {
		version, err := s.GetVersion()
		return all(err, expect(version != "", "the version is empty"))
	}},
	{name: "Metrics", run: func(s *suite) error {
		metrics, err := s.Metrics()
		return all(err, expect(strings.Contains(metrics, "# TYPE "), "no Prometheus text: %.60q", metrics))
	}},
	{name: "a path that is not there", must: true, refusal: []string{"no such path"}, run: func(s *suite) error {
		_, _, err := s.CallAPI("GET", "/1.0/nothing", nil, http.Header{}, nil)
		return err
	}},
}

var configCalls = []call{
	{name: "RetrieveConfigItems", run: func(s *suite) error {
		items, err := s.RetrieveConfigItems()
		if err != nil {
			return err
		}
		for name, value := range map[string]any{"application.auto_publish": true, "application.max_published_versions": 3.0,
			"scheduler.strategy": "spread", "core.trust_password": false, "images.update_interval": "5m"} {
			if items[name] != value {
				return expect(false, "%s is %v, its documented default is %v", name, items[name], value)
			}
		}
		return nil
	}},
	{name: "SetConfigItem", run: func(s *suite) error {
		return all(s.setAndRead("application.auto_publish", "false", false), s.setAndRead("application.auto_publish", "true", true),
			s.setAndRead("application.max_published_versions", "5", 5.0))
	}},
	{name: "SetConfigItem of a secret", run: func(s *suite) error {
		return all(s.setAndRead("core.trust_password", "a long enough password", true), s.setAndRead("core.trust_password", "", false))
	}},
	{name: "SetConfigItem of an unknown item", must: true, refusal: []string{"core.unheard_of"}, run: func(s *suite) error {
		return s.SetConfigItem(s.ctx, "core.unheard_of", "1")
	}},
	{name: "SetConfigItem with a wrong value", must: true, refusal: []string{"application.max_published_versions"}, run: func(s *suite) error {
		return s.SetConfigItem(s.ctx, "application.max_published_versions", "many")
	}},
}

func (s *suite) setAndRead(name, value string, expected any) error {
	if err := s.SetConfigItem(s.ctx, name, value); err != nil {
		return err
	}
	items, err := s.RetrieveConfigItems()
	return all(err, expect(err != nil || items[name] == expected, "%s is %v after it was set to %q", name, items[name], value))
}

var nodeCalls = []call{
	{name: "ListNodes", run: func(s *suite) error {
		nodes, err := s.ListNodes()
		if err != nil || len(nodes) == 0 {
			return all(err, expect(false, "there is no node"))
		}
		node := nodes[0]
		return expect(node.Status == "online" && node.StatusCode == 4 && node.CPUs > 0 && node.Memory != "" && node.Architecture != "", "%+v", node)
	}},
	{name: "ListURLs of nodes", run: func(s *suite) error { return s.listsURLs("nodes", 1) }},
	{name: "RetrieveNodeByName", run: func(s *suite) error {
		name, err := s.firstNode()
		if err != nil {
			return err
		}
		node, _, err := s.RetrieveNodeByName(name)
		return all(err, expect(err != nil || node.Name == name, "it is named %s", node.Name))
	}},
	{name: "UpdateNode", run: func(s *suite) error {
		name, err := s.firstNode()
		if err != nil {
			return err
		}
		change := &api.NodePatch{Unschedulable: yes(true), Tags: &[]string{"gpu=none"}, CPUs: number(64), Memory: text("64GB")}
		if err := s.wait(s.UpdateNode(name, change)); err != nil {
			return err
		}
		node, _, err := s.RetrieveNodeByName(name)
		if err != nil {
			return err
		}
		restored := s.wait(s.UpdateNode(name, &api.NodePatch{Unschedulable: yes(false)}))
		return all(expect(node.Unschedulable && len(node.Tags) == 1 && node.CPUs == 64 && node.Memory == "64GB", "%+v", node), restored)
	}},
	{name: "AddNode", run: func(s *suite) error {
		return s.wait(s.AddNode(&api.NodesPost{Name: "second", Address: "192.0.2.2", CPUs: 4, Memory: "8GB", Unmanaged: true, Tags: []string{"far"}}))
	}},
	{name: "AddNode of a name that is taken", must: true, refusal: []string{"second"}, run: func(s *suite) error {
		return s.wait(s.AddNode(&api.NodesPost{Name: "second", Address: "192.0.2.2", Unmanaged: true}))
	}},
	{name: "RemoveNode", run: func(s *suite) error {
		if err := s.wait(s.RemoveNode("second", true, true)); err != nil {
			return err
		}
		_, _, err := s.RetrieveNodeByName("second")
		return expect(err != nil, "the node is still there")
	}},
}

func (s *suite) firstNode() (string, error) {
	nodes, err := s.ListNodes()
	if err != nil || len(nodes) == 0 {
		return "", all(err, expect(false, "there is no node"))
	}
	return nodes[0].Name, nil
}

// listsURLs expects a list of paths without recursion.
func (s *suite) listsURLs(collection string, least int) error {
	paths, err := s.ListURLs(collection)
	if err != nil {
		return err
	}
	for _, path := range paths {
		if !strings.HasPrefix(path, "/1.0/"+collection+"/") {
			return expect(false, "%q is no path of %s", path, collection)
		}
	}
	return expect(len(paths) >= least, "%d paths", len(paths))
}

var registryCalls = []call{
	{name: "ListApplicationsFromRegistry", must: true, refusal: noRegistry, run: func(s *suite) error {
		_, err := s.ListApplicationsFromRegistry()
		return err
	}},
	{name: "PushApplicationToRegistry", must: true, refusal: noRegistry, run: func(s *suite) error {
		return s.wait(s.PushApplicationToRegistry("web"))
	}},
	{name: "PullApplicationFromRegistry", must: true, refusal: noRegistry, run: func(s *suite) error {
		return s.wait(s.PullApplicationFromRegistry("web"))
	}},
	{name: "DeleteApplicationFromRegistry", must: true, refusal: noRegistry, run: func(s *suite) error {
		return s.wait(s.DeleteApplicationFromRegistry("web"))
	}},
}

var noRegistry = []string{"the application registry"}
