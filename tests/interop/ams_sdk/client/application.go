package client

import (
	"context"
	"io"
	"net/http"
	"strconv"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

// ApplicationCreateArgs are the arguments of CreateApplicationWithArgs.
type ApplicationCreateArgs struct {
	PackagePath string
	VM          bool
}

// CreateApplication creates an application from an archive.
func (c *Client) CreateApplication(packagePath string) (rest.Operation, error) {
	return c.CreateApplicationWithArgs(&ApplicationCreateArgs{PackagePath: packagePath})
}

// CreateApplicationWithArgs creates an application, of containers or virtual machines.
func (c *Client) CreateApplicationWithArgs(args *ApplicationCreateArgs) (rest.Operation, error) {
	if args.VM {
		if err := c.need("vm_support"); err != nil {
			return nil, err
		}
	}
	return c.upload("POST", rest.QueryParams{"vm": strconv.FormatBool(args.VM)}, args.PackagePath, nil, "applications")
}

// UpdateApplicationWithPackage adds a version from an archive.
func (c *Client) UpdateApplicationWithPackage(id, packagePath string) (rest.Operation, error) {
	return c.upload("PATCH", nil, packagePath, nil, "applications", id)
}

// UpdateApplicationWithDetails changes the fields of an application and waits.
func (c *Client) UpdateApplicationWithDetails(ctx context.Context, id string, details api.ApplicationPatch) error {
	return wait(ctx)(c.startJSON("PATCH", details, "applications", id))
}

// UpdateApplication adds a version from what the last one has: its request has no body.
func (c *Client) UpdateApplication(id string) (rest.Operation, error) {
	return c.startJSON("PATCH", nil, "applications", id)
}

// ListApplications lists all applications.
func (c *Client) ListApplications() ([]api.Application, error) {
	return c.ListApplicationsWithFilters(nil)
}

// ListApplicationsWithFilters lists the applications that have each "attribute=value".
func (c *Client) ListApplicationsWithFilters(filters []string) ([]api.Application, error) {
	return list[api.Application](c, filters, "applications")
}

// FindApplicationsByName lists the applications of a name.
func (c *Client) FindApplicationsByName(name string) ([]api.Application, error) {
	return c.ListApplicationsWithFilters([]string{"name=" + name})
}

// RetrieveApplicationByID returns an application and its ETag.
func (c *Client) RetrieveApplicationByID(id string) (*api.Application, string, error) {
	return show[api.Application](c, nil, "applications", id)
}

// DeleteApplicationByID deletes an application.
func (c *Client) DeleteApplicationByID(id string, force bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.ForceDelete{Force: force}, "applications", id)
}

// DeleteApplications deletes several applications.
func (c *Client) DeleteApplications(ids []string, force bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.BulkDelete{IDs: ids, Force: force}, "applications")
}

// ExportApplicationByVersion downloads the archive of a version.
func (c *Client) ExportApplicationByVersion(id string, version int, take func(http.Header, io.Reader) error) error {
	if err := c.need("application_image_export"); err != nil {
		return err
	}
	return c.DownloadFile(rest.APIPath("applications", id, strconv.Itoa(version)), nil, take)
}

// RetrieveApplicationManifest downloads the manifest of a version, or of the last one when version is negative.
func (c *Client) RetrieveApplicationManifest(id string, version int, take func(http.Header, io.Reader) error) error {
	path := rest.APIPath("applications", id, "manifest")
	if version >= 0 {
		path = rest.APIPath("applications", id, strconv.Itoa(version), "manifest")
	}
	return c.DownloadFile(path, nil, take)
}

// PublishApplicationVersion publishes a version.
func (c *Client) PublishApplicationVersion(id string, version int) (rest.Operation, error) {
	return c.changeVersion(id, version, true)
}

// RevokeApplicationVersion takes back a published version.
func (c *Client) RevokeApplicationVersion(id string, version int) (rest.Operation, error) {
	return c.changeVersion(id, version, false)
}

func (c *Client) changeVersion(id string, version int, published bool) (rest.Operation, error) {
	return c.start("PATCH", nil, api.ApplicationVersionPatch{Published: &published}, "applications", id, strconv.Itoa(version))
}

// DeleteApplicationVersion deletes a version.
func (c *Client) DeleteApplicationVersion(id string, version int, force bool) (rest.Operation, error) {
	return c.start("DELETE", nil, api.ForceDelete{Force: force}, "applications", id, strconv.Itoa(version))
}

// wait makes a call that waits out of one that starts an operation.
func wait(ctx context.Context) func(rest.Operation, error) error {
	return func(op rest.Operation, err error) error {
		if err != nil {
			return err
		}
		return op.Wait(ctx)
	}
}
