package client

import (
	"io"
	"net/http"
	"strconv"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

func noWait(without bool) rest.QueryParams {
	return rest.QueryParams{"no_wait": strconv.FormatBool(without)}
}

// ListInstances lists all instances.
func (c *Client) ListInstances() ([]api.Instance, error) { return c.ListInstancesWithFilters(nil) }

// ListInstancesWithFilters lists the instances that have each "attribute=value".
func (c *Client) ListInstancesWithFilters(filters []string) ([]api.Instance, error) {
	if err := c.need("instance_support"); err != nil {
		return nil, err
	}
	return list[api.Instance](c, filters, "instances")
}

// LaunchInstance launches an instance. The operation ends when the instance runs, or at once without waiting.
func (c *Client) LaunchInstance(details *api.InstancesPost, without bool) (rest.Operation, error) {
	if err := c.need("instance_support"); err != nil {
		return nil, err
	}
	if details.Type == "vm" {
		if err := c.need("vm_support"); err != nil {
			return nil, err
		}
	}
	return c.start("POST", noWait(without), details, "instances")
}

// RetrieveInstanceByID returns an instance and its ETag.
func (c *Client) RetrieveInstanceByID(id string) (*api.Instance, string, error) {
	return show[api.Instance](c, nil, "instances", id)
}

// UpdateInstanceByID starts, stops or protects an instance.
func (c *Client) UpdateInstanceByID(id string, details *api.InstancePatch, without bool) (rest.Operation, error) {
	return c.start("PATCH", noWait(without), details, "instances", id)
}

// DeleteInstanceByID deletes an instance.
func (c *Client) DeleteInstanceByID(id string, force bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.ForceDelete{Force: force}, "instances", id)
}

// DeleteInstances deletes several instances.
func (c *Client) DeleteInstances(ids []string, force bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.BulkDelete{IDs: ids, Force: force}, "instances")
}

// ListInstanceLogs lists the paths of an instance's logs.
func (c *Client) ListInstanceLogs(id string) ([]string, error) {
	return c.urls("instances", id, "logs")
}

// RetrieveInstanceLog downloads a log.
func (c *Client) RetrieveInstanceLog(id, name string, take func(http.Header, io.Reader) error) error {
	return c.DownloadFile(rest.APIPath("instances", id, "logs", name), nil, take)
}

// PublishInstance makes an image of an instance.
func (c *Client) PublishInstance(id, name string, force, makeDefault bool) (rest.Operation, error) {
	if err := c.need("instance_publish"); err != nil {
		return nil, err
	}
	source := &api.ImagesPostSource{Type: "instance", Instance: id, Force: force}
	return c.startJSON("POST", &api.ImagesPost{Name: name, Default: makeDefault, Source: source}, "images")
}

// CreateInstanceShare shares an instance.
func (c *Client) CreateInstanceShare(id string, details *api.InstanceSharesPost) (*api.InstanceSharesPostResponse, error) {
	if err := c.need("instance_share_support"); err != nil {
		return nil, err
	}
	response := &api.InstanceSharesPostResponse{}
	_, err := c.QueryStruct("POST", rest.APIPath("instances", id, "shares"), nil, nil, body(details), response)
	return response, err
}

// UpdateInstanceShareByID changes a share.
func (c *Client) UpdateInstanceShareByID(id, share string, details *api.InstanceSharePatch) error {
	if err := c.need("instance_share_support"); err != nil {
		return err
	}
	_, err := c.QueryStruct("PATCH", rest.APIPath("instances", id, "shares", share), nil, nil, body(details), nil)
	return err
}

// DeleteInstanceShareByID deletes a share.
func (c *Client) DeleteInstanceShareByID(id, share string) (rest.Operation, error) {
	if err := c.need("instance_share_support"); err != nil {
		return nil, err
	}
	return c.start("DELETE", nil, nil, "instances", id, "shares", share)
}

// The same calls for containers, which old clients make.

// ListContainersWithFilters lists containers.
func (c *Client) ListContainersWithFilters(filters []string) ([]api.Container, error) {
	return list[api.Container](c, filters, "containers")
}

// LaunchContainer launches a container.
func (c *Client) LaunchContainer(details *api.ContainersPost, without bool) (rest.Operation, error) {
	return c.start("POST", noWait(without), details, "containers")
}

// RetrieveContainerByID returns a container and its ETag.
func (c *Client) RetrieveContainerByID(id string) (*api.Container, string, error) {
	return show[api.Container](c, nil, "containers", id)
}

// UpdateContainerByID starts or stops a container.
func (c *Client) UpdateContainerByID(id string, details *api.ContainerPatch, without bool) (rest.Operation, error) {
	return c.start("PATCH", noWait(without), details, "containers", id)
}

// DeleteContainerByID deletes a container.
func (c *Client) DeleteContainerByID(id string, force bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.ForceDelete{Force: force}, "containers", id)
}

// DeleteContainers deletes several containers.
func (c *Client) DeleteContainers(ids []string, force bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.BulkDelete{IDs: ids, Force: force}, "containers")
}

// RetrieveContainerLog downloads a log.
func (c *Client) RetrieveContainerLog(id, name string, take func(http.Header, io.Reader) error) error {
	if err := c.need("container_logs"); err != nil {
		return err
	}
	return c.DownloadFile(rest.APIPath("containers", id, "logs", name), nil, take)
}
