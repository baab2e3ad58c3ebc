package api

// NetworkServiceSpec is a port that an instance opens.
type NetworkServiceSpec struct {
	Port      int      `json:"port,omitempty"`
	PortEnd   int      `json:"port_end,omitempty"`
	Protocols []string `json:"protocols"`
	Expose    bool     `json:"expose"`
	Name      string   `json:"name"`
}

// ApplicationAddon is the version of an addon that a version of an application uses.
type ApplicationAddon struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
}

// ApplicationResources are what an instance of an application gets; sizes are texts with a unit.
type ApplicationResources struct {
	CPUs          int    `json:"cpus,omitempty"`
	Memory        string `json:"memory,omitempty"`
	DiskSize      string `json:"disk-size,omitempty"`
	GPUSlots      int    `json:"gpu-slots,omitempty"`
	GPUType       string `json:"gpu-type,omitempty"`
	VPUSlots      int    `json:"vpu-slots,omitempty"`
	NoDiskReserve bool   `json:"no_disk_reserve,omitempty"`
}

// ApplicationWatchdog configures an application's watchdog.
type ApplicationWatchdog struct {
	Disabled        bool     `json:"disabled"`
	AllowedPackages []string `json:"allowed-packages,omitempty"`
}

// ApplicationHooks configures an application's hooks.
type ApplicationHooks struct {
	Timeout string `json:"timeout,omitempty"`
}

// ApplicationBootstrap configures what an application keeps of its archive.
type ApplicationBootstrap struct {
	Keep []string `json:"keep,omitempty"`
}

// ApplicationVersion is one version of an application.
type ApplicationVersion struct {
	Number              int                  `json:"number"`
	ManifestVersion     string               `json:"manifest_version"`
	ParentImageID       string               `json:"parent_image_id"`
	ParentImageVersion  int                  `json:"parent_image_version"`
	StatusCode          int                  `json:"status_code"`
	Status              string               `json:"status"`
	Published           bool                 `json:"published"`
	CreatedAt           int64                `json:"created_at"`
	BootActivity        string               `json:"boot_activity"`
	RequiredPermissions []string             `json:"required_permissions"`
	Addons              []ApplicationAddon   `json:"addons"`
	ErrorMessage        string               `json:"error_message"`
	VideoEncoder        string               `json:"video_encoder"`
	Watchdog            ApplicationWatchdog  `json:"watchdog"`
	Services            []NetworkServiceSpec `json:"services"`
	Features            []string             `json:"features"`
	Hooks               ApplicationHooks     `json:"hooks"`
	Bootstrap           ApplicationBootstrap `json:"bootstrap"`
}

// Application is an application.
type Application struct {
	ID                 string               `json:"id"`
	Name               string               `json:"name"`
	StatusCode         int                  `json:"status_code"`
	Status             string               `json:"status"`
	InstanceType       string               `json:"instance_type"`
	BootPackage        string               `json:"boot_package"`
	ParentImageID      string               `json:"parent_image_id"`
	Published          bool                 `json:"published"`
	Versions           []ApplicationVersion `json:"versions"`
	Addons             []string             `json:"addons"`
	CreatedAt          int64                `json:"created_at"`
	Immutable          bool                 `json:"immutable"`
	Tags               []string             `json:"tags"`
	Resources          ApplicationResources `json:"resources"`
	ABI                string               `json:"abi"`
	InhibitAutoUpdates bool                 `json:"inhibit_auto_updates"`
	NodeSelector       []string             `json:"node_selector"`
	VM                 bool                 `json:"vm"`
	ParentImageVariant string               `json:"parent_image_variant"`
}

// ApplicationResourcesPost changes an application's resources.
type ApplicationResourcesPost struct {
	CPUs     *int    `json:"cpus,omitempty"`
	Memory   *string `json:"memory,omitempty"`
	DiskSize *string `json:"disk-size,omitempty"`
	GPUSlots *int    `json:"gpu-slots,omitempty"`
}

// ApplicationPatch changes what is not null.
type ApplicationPatch struct {
	Image               *string                   `json:"image"`
	InstanceType        *string                   `json:"instance-type"`
	Tags                *[]string                 `json:"tags"`
	Addons              *[]string                 `json:"addons"`
	Resources           *ApplicationResourcesPost `json:"resources,omitempty"`
	InhibitAutoUpdates  *bool                     `json:"inhibit_auto_updates"`
	Services            *[]NetworkServiceSpec     `json:"services,omitempty"`
	Watchdog            *ApplicationWatchdog      `json:"watchdog"`
	BootActivity        *string                   `json:"boot_activity"`
	RequiredPermissions *[]string                 `json:"required_permissions"`
	VideoEncoder        *string                   `json:"video_encoder,omitempty"`
	ManifestVersion     *string                   `json:"manifest_version"`
	Features            *[]string                 `json:"features"`
	Hooks               *ApplicationHooks         `json:"hooks,omitempty"`
	Bootstrap           *ApplicationBootstrap     `json:"bootstrap,omitempty"`
	NodeSelector        *[]string                 `json:"node_selector,omitempty"`
}

// ApplicationVersionPatch publishes or revokes a version.
type ApplicationVersionPatch struct {
	Published *bool `json:"published"`
}
