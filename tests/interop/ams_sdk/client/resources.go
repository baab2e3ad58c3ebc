package client

import (
	"context"
	"fmt"
	"strconv"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

// Images.

// ListImages lists all images.
func (c *Client) ListImages() ([]api.Image, error) { return list[api.Image](c, nil, "images") }

// AddImage adds an image from a file.
func (c *Client) AddImage(name, packagePath string, isDefault bool) (rest.Operation, error) {
	return c.upload("POST", nil, packagePath, api.ImagesPost{Name: name, Default: isDefault}, "images")
}

// ImportImageByType imports an image from the image server.
func (c *Client) ImportImageByType(name, path, kind string, isDefault bool) (rest.Operation, error) {
	return c.startJSON("POST", api.ImagesPost{Name: name, Path: path, Default: isDefault, Type: kind}, "images")
}

// UpdateImage adds a version to an image.
func (c *Client) UpdateImage(id, packagePath string) (rest.Operation, error) {
	return c.upload("PATCH", nil, packagePath, api.ImagePatch{}, "images", id)
}

// SetDefaultImage makes an image the default and waits.
func (c *Client) SetDefaultImage(ctx context.Context, id string) error {
	yes := true
	return wait(ctx)(c.startJSON("PATCH", api.ImagePatch{Default: &yes}, "images", id))
}

// TriggerImageSync fetches an image from the image server again and waits.
func (c *Client) TriggerImageSync(ctx context.Context, id string) error {
	return wait(ctx)(c.startJSON("PATCH", api.ImagePatch{ForceSync: true}, "images", id))
}

// DeleteImageByIDOrName deletes an image; kind may be empty.
func (c *Client) DeleteImageByIDOrName(id string, force bool, kind string) (rest.Operation, error) {
	return c.start("DELETE", rest.QueryParams{"type": kind}, api.ForceDelete{Force: force}, "images", id)
}

// DeleteImageVersion deletes a version of an image.
func (c *Client) DeleteImageVersion(id string, version int) (rest.Operation, error) {
	return c.start("DELETE", nil, nil, "images", id, strconv.Itoa(version))
}

// RetrieveDefaultImage returns the default image: the one element of a list that holds objects without recursion.
func (c *Client) RetrieveDefaultImage() (*api.Image, string, error) {
	images := []api.Image{}
	etag, err := c.QueryStruct("GET", rest.APIPath("images"), rest.QueryParams{"default": "true"}, nil, nil, &images)
	if err == nil && len(images) != 1 {
		err = fmt.Errorf("%d images are the default", len(images))
	}
	if err != nil {
		return nil, "", err
	}
	return &images[0], etag, nil
}

// RetrieveImageByIDOrName returns an image and its ETag; kind may be empty.
func (c *Client) RetrieveImageByIDOrName(id, kind string) (*api.Image, string, error) {
	return show[api.Image](c, rest.QueryParams{"type": kind}, "images", id)
}

// Addons.

// AddAddon adds an addon from an archive.
func (c *Client) AddAddon(name, packagePath string) (rest.Operation, error) {
	return c.upload("POST", nil, packagePath, api.AddonsPost{Name: name}, "addons")
}

// UpdateAddon adds a version to an addon.
func (c *Client) UpdateAddon(name, packagePath string) (rest.Operation, error) {
	return c.upload("PATCH", nil, packagePath, api.AddonPatch{}, "addons", name)
}

// RetrieveAddon returns an addon and its ETag.
func (c *Client) RetrieveAddon(name string) (*api.Addon, string, error) {
	return show[api.Addon](c, nil, "addons", name)
}

// DeleteAddon deletes an addon.
func (c *Client) DeleteAddon(name string) (rest.Operation, error) {
	return c.start("DELETE", nil, nil, "addons", name)
}

// DeleteAddonVersion deletes a version of an addon.
func (c *Client) DeleteAddonVersion(name string, version int) (rest.Operation, error) {
	return c.start("DELETE", nil, nil, "addons", name, strconv.Itoa(version))
}

// ListAddons lists all addons.
func (c *Client) ListAddons() ([]api.Addon, error) { return list[api.Addon](c, nil, "addons") }

// Nodes.

// ListNodes lists all nodes.
func (c *Client) ListNodes() ([]api.Node, error) { return list[api.Node](c, nil, "nodes") }

// AddNode adds a node.
func (c *Client) AddNode(node *api.NodesPost) (rest.Operation, error) {
	return c.start("POST", nil, node, "nodes")
}

// RemoveNode removes a node.
func (c *Client) RemoveNode(name string, force, keepInCluster bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.NodeDelete{Force: force, KeepInCluster: keepInCluster}, "nodes", name)
}

// RetrieveNodeByName returns a node and its ETag.
func (c *Client) RetrieveNodeByName(name string) (*api.Node, string, error) {
	return show[api.Node](c, nil, "nodes", name)
}

// UpdateNode changes a node.
func (c *Client) UpdateNode(name string, details *api.NodePatch) (rest.Operation, error) {
	return c.start("PATCH", nil, details, "nodes", name)
}

// Settings.

// SetConfigItem changes a setting and waits.
func (c *Client) SetConfigItem(ctx context.Context, name, value string) error {
	return wait(ctx)(c.start("PATCH", nil, api.ConfigPost{Name: name, Value: value}, "config"))
}

// RetrieveConfigItems returns all settings.
func (c *Client) RetrieveConfigItems() (map[string]any, error) {
	answer := api.ConfigGet{}
	_, err := c.QueryStruct("GET", rest.APIPath("config"), nil, nil, nil, &answer)
	return answer.Config, err
}

// Operations.

// ListOperations lists all operations by their status.
func (c *Client) ListOperations() (map[string][]*api.Operation, error) {
	operations := map[string][]*api.Operation{}
	_, err := c.QueryStruct("GET", rest.APIPath("operations"), rest.QueryParams{"recursion": "1"}, nil, nil, &operations)
	return operations, err
}

// ShowOperation returns an operation.
func (c *Client) ShowOperation(id string) (*api.Operation, error) {
	operation, _, err := show[api.Operation](c, nil, "operations", id)
	return operation, err
}

// WaitForOperationToFinish asks the server to answer when the operation has ended.
func (c *Client) WaitForOperationToFinish(id string) (*api.Operation, error) {
	operation := &api.Operation{}
	_, err := c.QueryStruct("GET", rest.APIPath("operations", id, "wait"), nil, nil, nil, operation)
	return operation, err
}

// CancelOperation cancels an operation.
func (c *Client) CancelOperation(id string) error {
	_, _, err := c.CallAPI("DELETE", rest.APIPath("operations", id), nil, nil, nil)
	return err
}

// NewEventsToken returns a token for the events' WebSocket.
func (c *Client) NewEventsToken() (string, error) {
	answer := api.EventAuth{}
	_, err := c.QueryStruct("POST", rest.APIPath("events", "auth"), nil, nil, nil, &answer)
	return answer.Token, err
}

// The registry.

// ListApplicationsFromRegistry lists what the registry has.
func (c *Client) ListApplicationsFromRegistry() ([]api.RegistryApplication, error) {
	applications := []api.RegistryApplication{}
	_, err := c.QueryStruct("GET", rest.APIPath("registry", "applications"), nil, nil, nil, &applications)
	return applications, err
}

// PushApplicationToRegistry pushes an application.
func (c *Client) PushApplicationToRegistry(id string) (rest.Operation, error) {
	return c.start("POST", nil, nil, "registry", "applications", id, "push")
}

// PullApplicationFromRegistry pulls an application.
func (c *Client) PullApplicationFromRegistry(id string) (rest.Operation, error) {
	return c.start("POST", nil, nil, "registry", "applications", id, "pull")
}

// DeleteApplicationFromRegistry deletes an application from the registry.
func (c *Client) DeleteApplicationFromRegistry(id string) (rest.Operation, error) {
	return c.start("DELETE", nil, nil, "registry", "applications", id)
}
