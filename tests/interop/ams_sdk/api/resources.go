package api

// ImageVersion is one version of an image.
type ImageVersion struct {
	Number       int    `json:"version"`
	Fingerprint  string `json:"fingerprint"`
	Size         int64  `json:"size"`
	CreatedAt    int64  `json:"created_at"`
	StatusCode   int    `json:"status_code"`
	Status       string `json:"status"`
	RemoteID     string `json:"remote_id"`
	ErrorMessage string `json:"error_message"`
}

// Image is what instances are made from.
type Image struct {
	ID           string         `json:"id"`
	Name         string         `json:"name"`
	Versions     []ImageVersion `json:"versions"`
	StatusCode   int            `json:"status_code"`
	Status       string         `json:"status"`
	UsedBy       []string       `json:"used_by"`
	Immutable    bool           `json:"immutable"`
	Default      bool           `json:"default"`
	Architecture string         `json:"architecture"`
	Type         string         `json:"type"`
	Variant      string         `json:"variant"`
}

// ImagesPostSource is what an image is made from.
type ImagesPostSource struct {
	Type     string `json:"type"`
	Instance string `json:"instance,omitempty"`
	Force    bool   `json:"force,omitempty"`
}

// ImagesPost adds an image.
type ImagesPost struct {
	Name    string            `json:"name"`
	Path    string            `json:"path"`
	Default bool              `json:"default"`
	Type    string            `json:"type"`
	Source  *ImagesPostSource `json:"source,omitempty"`
}

// ImagePatch changes an image.
type ImagePatch struct {
	Default   *bool `json:"default"`
	ForceSync bool  `json:"force_sync"`
}

// AddonVersion is one version of an addon.
type AddonVersion struct {
	Number      int    `json:"version"`
	Fingerprint string `json:"fingerprint"`
	Size        int64  `json:"size"`
	CreatedAt   int64  `json:"created_at"`
}

// Addon is an addition to instances.
type Addon struct {
	Name     string         `json:"name"`
	Versions []AddonVersion `json:"versions"`
	UsedBy   []string       `json:"used_by"`
}

// AddonsPost adds an addon.
type AddonsPost struct {
	Name string `json:"name"`
}

// AddonPatch adds a version to an addon.
type AddonPatch struct{}

// NodeGPU is a GPU of a node.
type NodeGPU struct {
	ID           uint64         `json:"id"`
	Type         string         `json:"type"`
	PCIAddress   string         `json:"pci_address"`
	RenderName   string         `json:"render_name"`
	Slots        int            `json:"slots"`
	EncoderSlots int            `json:"encoder_slots"`
	Allocations  map[string]any `json:"allocations"`
	NUMANode     uint64         `json:"numa_node"`
}

// Node is a machine that runs instances.
type Node struct {
	Name                 string    `json:"name"`
	Address              string    `json:"address"`
	PublicAddress        string    `json:"public_address"`
	NetworkBridgeMTU     int       `json:"network_bridge_mtu"`
	CPUs                 int       `json:"cpus"`
	CPUAllocationRate    float32   `json:"cpu_allocation_rate"`
	Memory               string    `json:"memory"`
	MemoryAllocationRate float32   `json:"memory_allocation_rate"`
	StatusCode           int       `json:"status_code"`
	Status               string    `json:"status"`
	IsMaster             bool      `json:"is_master"`
	DiskSize             string    `json:"disk_size"`
	GPUSlots             int       `json:"gpu_slots"`
	GPUEncoderSlots      int       `json:"gpu_encoder_slots"`
	Tags                 []string  `json:"tags"`
	Unschedulable        bool      `json:"unschedulable"`
	Architecture         string    `json:"architecture"`
	StoragePool          string    `json:"storage_pool"`
	Managed              bool      `json:"managed"`
	GPUs                 []NodeGPU `json:"gpus"`
}

// NodesPost adds a node. Every member is sent; zero values are those that are not given.
type NodesPost struct {
	Name                 string   `json:"name"`
	Address              string   `json:"address"`
	PublicAddress        string   `json:"public_address"`
	TrustPassword        string   `json:"trust_password"`
	NetworkBridgeMTU     int      `json:"network_bridge_mtu"`
	StorageDevice        string   `json:"storage_device"`
	CPUs                 int      `json:"cpus"`
	CPUAllocationRate    float32  `json:"cpu_allocation_rate"`
	Memory               string   `json:"memory"`
	MemoryAllocationRate float32  `json:"memory_allocation_rate"`
	GPUSlots             int      `json:"gpu_slots"`
	GPUEncoderSlots      int      `json:"gpu_encoder_slots"`
	Tags                 []string `json:"tags"`
	Unmanaged            bool     `json:"unmanaged"`
	StoragePool          string   `json:"storage_pool"`
	NetworkName          string   `json:"network_name"`
	NetworkSubnet        string   `json:"network_subnet"`
	TrustToken           string   `json:"trust_token"`
	NetworkACLName       string   `json:"network_acl_name"`
}

// NodeGPUPatch changes a GPU of a node.
type NodeGPUPatch struct {
	ID           uint64 `json:"id"`
	Slots        *int   `json:"slots"`
	EncoderSlots *int   `json:"encoder_slots"`
}

// NodePatch changes what is not null.
type NodePatch struct {
	PublicAddress        *string        `json:"public_address"`
	CPUs                 *int           `json:"cpus"`
	CPUAllocationRate    *float32       `json:"cpu_allocation_rate"`
	Memory               *string        `json:"memory"`
	MemoryAllocationRate *float32       `json:"memory_allocation_rate"`
	GPUSlots             *int           `json:"gpu_slots"`
	GPUEncoderSlots      *int           `json:"gpu_encoder_slots"`
	Tags                 *[]string      `json:"tags"`
	Unschedulable        *bool          `json:"unschedulable"`
	GPUs                 []NodeGPUPatch `json:"gpus"`
	Subnet               *string        `json:"subnet"`
	OldUnschedulable     *bool          `json:"unscheduable"`
}

// NodeDelete removes a node.
type NodeDelete struct {
	Force         bool `json:"force"`
	KeepInCluster bool `json:"keep_in_cluster"`
}
