package api

// InstanceService is a port that an instance has open.
type InstanceService struct {
	Port        int      `json:"port"`
	PortEnd     int      `json:"port_end"`
	NodePort    *int     `json:"node_port"`
	NodePortEnd *int     `json:"node_port_end"`
	Protocols   []string `json:"protocols"`
	Expose      bool     `json:"expose"`
	Name        string   `json:"name"`
}

// InstanceResources are what an instance has; sizes are bytes.
type InstanceResources struct {
	CPUs          int    `json:"cpus"`
	Memory        int64  `json:"memory"`
	DiskSize      int64  `json:"disk-size"`
	GPUSlots      int    `json:"gpu-slots"`
	GPUType       string `json:"gpu-type"`
	VPUSlots      int    `json:"vpu-slots"`
	NoDiskReserve bool   `json:"no_disk_reserve"`
}

// Display is the virtual display of an instance.
type Display struct {
	Width   int `json:"width"`
	Height  int `json:"height"`
	FPS     int `json:"fps"`
	Density int `json:"density"`
}

// Instance is an instance.
type Instance struct {
	ID            string            `json:"id"`
	Name          string            `json:"name"`
	IsBase        bool              `json:"base"`
	Type          string            `json:"type"`
	StatusCode    int               `json:"status_code"`
	Status        string            `json:"status"`
	Node          string            `json:"node"`
	AppID         string            `json:"app_id"`
	AppName       string            `json:"app_name"`
	AppVersion    int               `json:"app_version"`
	ImageID       string            `json:"image_id"`
	ImageVersion  int               `json:"image_version"`
	CreatedAt     int64             `json:"created_at"`
	Address       string            `json:"address"`
	PublicAddress string            `json:"public_address"`
	Services      []InstanceService `json:"services"`
	StoredLogs    []string          `json:"stored_logs"`
	ErrorMessage  string            `json:"error_message"`
	StatusMessage string            `json:"status_message"`
	Config        struct {
		Platform        string  `json:"platform"`
		BootPackage     string  `json:"boot_package"`
		BootActivity    string  `json:"boot_activity"`
		MetricsServer   string  `json:"metrics_server"`
		DisableWatchdog bool    `json:"disable_watchdog"`
		DevMode         bool    `json:"devmode"`
		EnableStreaming bool    `json:"enable_streaming"`
		Display         Display `json:"display"`
		Security        struct {
			DeleteProtected bool `json:"delete_protected"`
		} `json:"security"`
	} `json:"config"`
	Resources    InstanceResources `json:"resources"`
	Architecture string            `json:"architecture"`
	Tags         []string          `json:"tags"`
}

// InstancesPostResources are the resources of a new instance. Go never omits a struct, so zero values are sent.
type InstancesPostResources struct {
	CPUs          *int    `json:"cpus,omitempty"`
	DiskSize      *int64  `json:"disk_size"`
	Memory        *int64  `json:"memory,omitempty"`
	GPUSlots      *int    `json:"gpu-slots,omitempty"`
	GPUType       *string `json:"gpu-type,omitempty"`
	VPUSlots      *int    `json:"vpu-slots,omitempty"`
	NoDiskReserve *bool   `json:"no_disk_reserve,omitempty"`
}

// Security protects an instance.
type Security struct {
	DeleteProtected *bool `json:"delete_protected,omitempty"`
}

// InstancesPostConfig is the configuration of a new instance.
type InstancesPostConfig struct {
	Platform        string   `json:"platform,omitempty"`
	BootPackage     string   `json:"boot_package,omitempty"`
	BootActivity    string   `json:"boot_activity,omitempty"`
	MetricsServer   string   `json:"metrics_server,omitempty"`
	DisableWatchdog bool     `json:"disable_watchdog,omitempty"`
	Features        string   `json:"features,omitempty"`
	DevMode         bool     `json:"devmode,omitempty"`
	EnableStreaming bool     `json:"enable_streaming,omitempty"`
	Display         Display  `json:"display"`
	Security        Security `json:"security"`
}

// InstanceSource is what a new instance is a copy of.
type InstanceSource struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

// InstancesPost launches an instance.
type InstancesPost struct {
	Name               string                 `json:"name,omitempty"`
	Type               string                 `json:"type"`
	ApplicationID      string                 `json:"app_id"`
	ApplicationVersion *int                   `json:"app_version"`
	ImageID            string                 `json:"image_id"`
	ImageVersion       *int                   `json:"image_version"`
	Node               string                 `json:"node"`
	Userdata           *string                `json:"user_data,omitempty"`
	Addons             []string               `json:"addons,omitempty"`
	Services           []NetworkServiceSpec   `json:"services"`
	Resources          InstancesPostResources `json:"resources"`
	Tags               []string               `json:"tags,omitempty"`
	Config             InstancesPostConfig    `json:"config"`
	NoStart            bool                   `json:"no_start,omitempty"`
	Source             InstanceSource         `json:"source"`
}

// InstancePatch starts, stops or protects an instance.
type InstancePatch struct {
	DesiredStatus *string `json:"desired_status"`
	Config        struct {
		Security Security `json:"security"`
	} `json:"config"`
}

// ExecPost runs a command in an instance.
type ExecPost struct {
	Command     []string          `json:"command"`
	Environment map[string]string `json:"environment"`
	Interactive bool              `json:"interactive"`
	Width       int               `json:"width"`
	Height      int               `json:"height"`
}

// ExecControl is a message on the control socket of a command.
type ExecControl struct {
	Command string            `json:"command"`
	Args    map[string]string `json:"args"`
	Signal  int               `json:"signal"`
}

// InstanceSharesPost shares an instance.
type InstanceSharesPost struct {
	Type        string `json:"type"`
	Description string `json:"description"`
	ExpiryAt    *int64 `json:"expiry_at"`
}

// InstanceShare is where a share is reached.
type InstanceShare struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	URL      string `json:"url"`
	ExpiryAt int64  `json:"expiry_at"`
}

// InstanceSharesPostResponse is what the SDK makes of the metadata of a new share.
type InstanceSharesPostResponse struct {
	Metadata InstanceShare `json:"metadata"`
}

// InstanceSharePatch changes what is given.
type InstanceSharePatch struct {
	Description *string `json:"description,omitempty"`
	ExpiryAt    *int64  `json:"expiry_at,omitempty"`
}

// Container is an instance as old clients see it; sizes are texts.
type Container struct {
	ID         string            `json:"id"`
	Name       string            `json:"name"`
	Type       string            `json:"type"`
	StatusCode int               `json:"status_code"`
	Status     string            `json:"status"`
	Node       string            `json:"node"`
	AppID      string            `json:"app_id"`
	AppName    string            `json:"app_name"`
	AppVersion int               `json:"app_version"`
	Services   []InstanceService `json:"services"`
	StoredLogs []string          `json:"stored_logs"`
	Config     struct {
		Platform string `json:"platform"`
	} `json:"config"`
	Resources struct {
		CPUs     int    `json:"cpus"`
		Memory   string `json:"memory"`
		DiskSize string `json:"disk-size"`
	} `json:"resources"`
	Architecture string   `json:"architecture"`
	Tags         []string `json:"tags"`
}

// ContainersPost launches a container.
type ContainersPost struct {
	ApplicationID      string               `json:"app_id"`
	ApplicationVersion *int                 `json:"app_version"`
	ImageID            string               `json:"image_id"`
	ImageVersion       *int                 `json:"image_version"`
	InstanceType       string               `json:"instance_type"`
	Node               string               `json:"node"`
	Userdata           *string              `json:"user_data,omitempty"`
	Services           []NetworkServiceSpec `json:"services"`
	DiskSize           *int64               `json:"disk_size"`
	CPUs               *int                 `json:"cpus,omitempty"`
	Memory             *int64               `json:"memory,omitempty"`
	Tags               []string             `json:"tags,omitempty"`
	Config             struct {
		Platform string `json:"platform,omitempty"`
	} `json:"config"`
	NoStart bool `json:"no_start,omitempty"`
}

// ContainerPatch starts or stops a container.
type ContainerPatch struct {
	DesiredStatus *string `json:"desired_status"`
}
