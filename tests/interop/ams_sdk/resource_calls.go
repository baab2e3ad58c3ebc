package main

var addonCalls = []call{
	{name: "AddAddon of a tar.bz2", run: func(s *suite) error { return s.wait(s.AddAddon("ssh", s.file("addon.tar.bz2"))) }},
	{name: "AddAddon of a zip", run: func(s *suite) error { return s.wait(s.AddAddon("gms", s.file("addon.zip"))) }},
	{name: "AddAddon of a name that is taken", must: true, refusal: []string{"gms"}, run: func(s *suite) error {
		return s.wait(s.AddAddon("gms", s.file("addon.zip")))
	}},
	{name: "UpdateAddon", run: func(s *suite) error { return s.wait(s.UpdateAddon("gms", s.file("addon.tar.bz2"))) }},
	{name: "RetrieveAddon", run: func(s *suite) error {
		addon, _, err := s.RetrieveAddon("gms")
		if err != nil || len(addon.Versions) != 2 {
			return all(err, expect(false, "%+v", addon))
		}
		version := addon.Versions[1]
		return expect(version.Number == 1 && len(version.Fingerprint) == 64 && version.Size > 0 && version.CreatedAt > 0, "%+v", version)
	}},
	{name: "ListAddons", run: func(s *suite) error {
		addons, err := s.ListAddons()
		return all(err, expect(len(addons) == 2, "%d addons", len(addons)))
	}},
	{name: "ListURLs of addons", run: func(s *suite) error { return s.listsURLs("addons", 2) }},
	{name: "DeleteAddonVersion", run: func(s *suite) error {
		if err := s.wait(s.DeleteAddonVersion("gms", 1)); err != nil {
			return err
		}
		addon, _, err := s.RetrieveAddon("gms")
		return all(err, expect(err != nil || len(addon.Versions) == 1, "%+v", addon))
	}},
	{name: "DeleteAddon", run: func(s *suite) error {
		if err := s.wait(s.DeleteAddon("gms")); err != nil {
			return err
		}
		_, _, err := s.RetrieveAddon("gms")
		return expect(err != nil, "the addon is still there")
	}},
}

var imageCalls = []call{
	{name: "AddImage", run: func(s *suite) (err error) {
		op, err := s.AddImage("jammy", s.file("image.tar.xz"), true)
		s.image, err = s.made("images", op, err)
		return err
	}},
	{name: "AddImage of a name that is taken", must: true, refusal: []string{"jammy"}, run: func(s *suite) error {
		return s.wait(s.AddImage("jammy", s.file("image.tar.xz"), false))
	}},
	{name: "ListImages", run: func(s *suite) error {
		images, err := s.ListImages()
		return all(err, expect(len(images) >= 1, "%d images", len(images)))
	}},
	{name: "ListURLs of images", run: func(s *suite) error { return s.listsURLs("images", 1) }},
	{name: "RetrieveImageByIDOrName", run: func(s *suite) error {
		image, _, err := s.RetrieveImageByIDOrName(s.image, "container")
		if err != nil {
			return err
		}
		named, _, err := s.RetrieveImageByIDOrName("jammy", "")
		return all(err, expect(err != nil || named.ID == image.ID, "another image has this name"),
			expect(image.Name == "jammy" && image.Status == "active" && image.StatusCode == 3 && image.Type == "container" && len(image.Versions) == 1, "%+v", image))
	}},
	{name: "UpdateImage", run: func(s *suite) error {
		return all(s.wait(s.UpdateImage(s.image, s.file("image-2.tar.xz"))), s.hasImageVersions(2))
	}},
	{name: "DeleteImageVersion", run: func(s *suite) error { return all(s.wait(s.DeleteImageVersion(s.image, 1)), s.hasImageVersions(1)) }},
	{name: "SetDefaultImage", run: func(s *suite) error { return s.SetDefaultImage(s.ctx, s.image) }},
	{name: "RetrieveDefaultImage", run: func(s *suite) error {
		image, _, err := s.RetrieveDefaultImage()
		return all(err, expect(err != nil || image.ID == s.image && image.Default, "%+v", image))
	}},
	{name: "ImportImageByType", refusal: noImageServer, run: func(s *suite) error {
		return s.wait(s.ImportImageByType("noble", "noble:android:amd64", "container", false))
	}},
	{name: "TriggerImageSync", refusal: noImageServer, run: func(s *suite) error { return s.TriggerImageSync(s.ctx, s.image) }},
}

// The images of the public server contain Android.
var noImageServer = []string{"image server"}

func (s *suite) hasImageVersions(count int) error {
	image, _, err := s.RetrieveImageByIDOrName(s.image, "")
	return all(err, expect(err != nil || len(image.Versions) == count, "%d versions, not %d", len(image.Versions), count))
}
