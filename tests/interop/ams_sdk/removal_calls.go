package main

import (
	"fmt"

	"redan.example/ams_sdk/api"
)

var removalCalls = []call{
	{name: "DeleteApplicationByID that has instances", must: true, refusal: []string{"use", "instances"}, run: func(s *suite) error {
		return s.wait(s.DeleteApplicationByID(s.app, false))
	}},
	{name: "DeleteInstances with one that is not there", must: true, refusal: []string{"nothing", "no such instance"}, run: func(s *suite) error {
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
