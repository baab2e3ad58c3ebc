package api

// ServiceStatus is the answer of GET /1.0.
type ServiceStatus struct {
	APIExtensions   []string                       `json:"api_extensions"`
	APIStatus       string                         `json:"api_status"`
	APIVersion      string                         `json:"api_version"`
	Auth            string                         `json:"auth"`
	AuthPermissions map[string][]map[string]string `json:"auth_permissions"`
	AuthMethods     []string                       `json:"auth_methods"`
	ClusterID       string                         `json:"cluster_id"`
	ClusterName     string                         `json:"cluster_name"`
}

// VersionGet is the answer of GET /1.0/version.
type VersionGet struct {
	Version string `json:"version"`
}

// Task is a unit of scheduling.
type Task struct {
	ID         string `json:"id"`
	Status     string `json:"status"`
	ObjectID   string `json:"object_id"`
	ObjectType string `json:"object_type"`
}

// ConfigPost changes one setting; its value is always a text.
type ConfigPost struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// ConfigGet is the answer of GET /1.0/config.
type ConfigGet struct {
	Config map[string]any `json:"config"`
}

// RegistryApplication is an application in a registry.
type RegistryApplication struct {
	Name         string   `json:"name"`
	InstanceType string   `json:"instance_type"`
	Tags         []string `json:"tags"`
}
