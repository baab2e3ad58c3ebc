package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/client"
	"redan.example/ams_sdk/rest"
)

// The archives of the driver: web.zip and tool.tar.bz2 are applications, web-2.zip is a second version of the first.
var applicationCalls = []call{
	{name: "CreateApplication of a zip", run: func(s *suite) (err error) {
		op, err := s.CreateApplication(s.file("web.zip"))
		s.app, err = s.made("applications", op, err)
		return err
	}},
	{name: "CreateApplicationWithArgs of a tar.bz2", run: func(s *suite) (err error) {
		op, err := s.CreateApplicationWithArgs(&client.ApplicationCreateArgs{PackagePath: s.file("tool.tar.bz2")})
		s.tarApp, err = s.made("applications", op, err)
		return err
	}},
	{name: "CreateApplication of a name that is taken", must: true, refusal: []string{"web"}, run: func(s *suite) error {
		return s.wait(s.CreateApplication(s.file("web.zip")))
	}},
	{name: "CreateApplication with a wrong fingerprint", must: true, refusal: []string{"fingerprint", "X-AMS-Fingerprint"}, run: func(s *suite) error {
		header := http.Header{"Content-Type": {"application/octet-stream"}, "X-Ams-Fingerprint": {strings.Repeat("0", 64)}}
		op, err := s.QueryOperation("POST", rest.APIPath("applications"), nil, header, strings.NewReader("PK"))
		return s.wait(op, err)
	}},
	{name: "CreateApplication of a file that is no archive", must: true, refusal: []string{"zip", "tar"}, run: func(s *suite) error {
		return s.wait(s.CreateApplication(s.file("other.pem")))
	}},
	{name: "RetrieveApplicationByID", run: func(s *suite) error {
		app, etag, err := s.RetrieveApplicationByID(s.app)
		if err != nil {
			return err
		}
		version := app.Versions[0]
		return all(
			expect(app.ID == s.app && app.Name == "web" && app.Status == "ready" && app.StatusCode == 2 && etag != "", "%+v, ETag %q", app, etag),
			expect(app.Resources.CPUs == 2 && app.Resources.Memory == "3GB" && app.Resources.DiskSize == "3GB", "resources: %+v", app.Resources),
			expect(same(app.Tags, "game") && same(app.Addons, "ssh") && app.Published, "tags %v, addons %v, published %v", app.Tags, app.Addons, app.Published),
			expect(version.Number == 0 && version.Status == "active" && version.Published && version.ManifestVersion == "0.1", "%+v", version),
			expect(version.Watchdog.Disabled && version.Hooks.Timeout == "10m" && version.VideoEncoder == "software", "%+v", version),
			expect(len(version.Services) == 1 && version.Services[0].Port == 8080 && version.Services[0].Name == "http", "services: %+v", version.Services),
			expect(same(version.Features, "one") && len(version.Addons) == 1 && version.Addons[0].Name == "ssh", "%+v", version))
	}},
	{name: "RetrieveApplicationByID by name", run: func(s *suite) error {
		app, _, err := s.RetrieveApplicationByID("web")
		return all(err, expect(err != nil || app.ID == s.app, "it is %s", app.ID))
	}},
	{name: "ListApplications", run: func(s *suite) error {
		apps, err := s.ListApplications()
		return all(err, expect(len(apps) == 2, "%d applications", len(apps)))
	}},
	{name: "ListURLs of applications", run: func(s *suite) error { return s.listsURLs("applications", 2) }},
	{name: "ListApplicationsWithFilters", run: func(s *suite) error {
		for filter, count := range map[string]int{"name=web": 1, "id=" + s.app: 1, "status=ready": 2, "status=error": 0, "tags=game": 1, "tags=game,none": 0,
			"published=true": 2, "published=false": 0, "immutable=true": 0, "inhibit_auto_updates=false": 2, "addons=ssh": 1, "limit=1": 1, "offset=1": 1} {
			apps, err := s.ListApplicationsWithFilters([]string{filter})
			if err != nil || len(apps) != count {
				return all(err, expect(false, "%s finds %d, not %d", filter, len(apps), count))
			}
		}
		return nil
	}},
	{name: "ListApplicationsWithFilters that are not there", must: true, refusal: []string{"colour"}, run: func(s *suite) error {
		_, err := s.ListApplicationsWithFilters([]string{"colour=red"})
		return err
	}},
	{name: "FindApplicationsByName", run: func(s *suite) error {
		apps, err := s.FindApplicationsByName("tool")
		return all(err, expect(len(apps) == 1 && apps[0].ID == s.tarApp, "%d applications", len(apps)))
	}},
	{name: "RetrieveApplicationManifest", run: func(s *suite) error { return s.readsManifest(-1) }},
	{name: "RetrieveApplicationManifest of a version", run: func(s *suite) error { return s.readsManifest(0) }},
	{name: "ExportApplicationByVersion", run: func(s *suite) error {
		return s.ExportApplicationByVersion(s.app, 0, func(header http.Header, body io.Reader) error {
			archive, err := io.ReadAll(body)
			sum := sha256.Sum256(archive)
			return all(err, expect(hex.EncodeToString(sum[:]) == header.Get("X-AMS-Fingerprint"), "X-AMS-Fingerprint does not match"),
				expect(strings.Contains(header.Get("Content-Disposition"), "."), "Content-Disposition is %q", header.Get("Content-Disposition")),
				expect(bytes.HasPrefix(archive, []byte("PK")) || bytes.HasPrefix(archive, []byte("BZh")), "it is no archive"))
		})
	}},
	{name: "UpdateApplicationWithPackage", run: func(s *suite) error {
		return all(s.wait(s.UpdateApplicationWithPackage(s.app, s.file("web-2.zip"))), s.hasVersions(2))
	}},
	{name: "UpdateApplicationWithDetails without a new version", run: func(s *suite) error {
		change := api.ApplicationPatch{Tags: &[]string{"a", "b"}, InhibitAutoUpdates: yes(true), Resources: &api.ApplicationResourcesPost{CPUs: number(4), Memory: text("4GB")}}
		if err := s.UpdateApplicationWithDetails(s.ctx, s.app, change); err != nil {
			return err
		}
		app, _, err := s.RetrieveApplicationByID(s.app)
		return all(err, expect(err != nil || same(app.Tags, "a", "b") && app.InhibitAutoUpdates && app.Resources.CPUs == 4 && app.Resources.Memory == "4GB", "%+v", app),
			s.hasVersions(2))
	}},
	{name: "UpdateApplicationWithDetails with a new version", run: func(s *suite) error {
		change := api.ApplicationPatch{BootActivity: text("com.example.Main"), RequiredPermissions: &[]string{"*"},
			Watchdog: &api.ApplicationWatchdog{AllowedPackages: []string{"com.example"}}}
		if err := s.UpdateApplicationWithDetails(s.ctx, s.app, change); err != nil {
			return err
		}
		app, _, err := s.RetrieveApplicationByID(s.app)
		if err != nil || len(app.Versions) != 3 {
			return all(err, expect(false, "%d versions", len(app.Versions)))
		}
		version := app.Versions[2]
		return expect(version.BootActivity == "com.example.Main" && same(version.RequiredPermissions, "*") && !version.Watchdog.Disabled, "%+v", version)
	}},
	{name: "UpdateApplication", run: func(s *suite) error { return all(s.wait(s.UpdateApplication(s.app)), s.hasVersions(4)) }},
	{name: "RevokeApplicationVersion", run: func(s *suite) error {
		return all(s.wait(s.RevokeApplicationVersion(s.app, 1)), s.isPublished(1, false))
	}},
	{name: "PublishApplicationVersion", run: func(s *suite) error {
		return all(s.wait(s.PublishApplicationVersion(s.app, 1)), s.isPublished(1, true))
	}},
	{name: "DeleteApplicationVersion", run: func(s *suite) error {
		return all(s.wait(s.DeleteApplicationVersion(s.app, 3, true)), s.hasVersions(3))
	}},
	{name: "DeleteAddon that an application uses", must: true, refusal: []string{"ssh", "use"}, run: func(s *suite) error {
		return s.wait(s.DeleteAddon("ssh"))
	}},
	{name: "RetrieveAddon that an application uses", run: func(s *suite) error {
		addon, _, err := s.RetrieveAddon("ssh")
		return all(err, expect(err != nil || len(addon.UsedBy) == 1, "used_by is %v", addon.UsedBy))
	}},
}

func (s *suite) readsManifest(version int) error {
	return s.RetrieveApplicationManifest(s.app, version, func(header http.Header, body io.Reader) error {
		manifest, err := io.ReadAll(body)
		sum := sha256.Sum256(manifest)
		return all(err, expect(strings.Contains(string(manifest), "name: web"), "no manifest: %.80q", manifest),
			expect(header.Get("X-AMS-ManifestSha256") == hex.EncodeToString(sum[:]), "X-AMS-ManifestSha256 is %q", header.Get("X-AMS-ManifestSha256")))
	})
}

func (s *suite) hasVersions(count int) error {
	app, _, err := s.RetrieveApplicationByID(s.app)
	return all(err, expect(err != nil || len(app.Versions) == count, "%d versions, not %d", len(app.Versions), count))
}

func (s *suite) isPublished(number int, published bool) error {
	app, _, err := s.RetrieveApplicationByID(s.app)
	if err != nil {
		return err
	}
	for _, version := range app.Versions {
		if version.Number == number {
			return expect(version.Published == published, "published is %v", version.Published)
		}
	}
	return errMissing
}

func same(list []string, expected ...string) bool {
	return strings.Join(list, "\n") == strings.Join(expected, "\n")
}
