// Package client offers the calls of the public Go SDK for AMS, under the same names and with the same refusals when the
// server lacks an extension. The code is Redan's own.
package client

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

// Client calls one AMS.
type Client struct {
	*rest.Client
	status *api.ServiceStatus
}

// New connects: its first call is GET /1.0.
func New(address *url.URL, config *tls.Config, observe rest.Observer) (*Client, error) {
	c := &Client{Client: rest.New(address, config, observe)}
	_, err := c.HasExtension("instance_support")
	return c, err
}

// RetrieveServiceStatus returns the answer of GET /1.0.
func (c *Client) RetrieveServiceStatus() (*api.ServiceStatus, string, error) {
	status := &api.ServiceStatus{}
	etag, err := c.QueryStruct("GET", rest.APIPath(), nil, nil, nil, status)
	return status, etag, err
}

// HasExtension reports whether the server has an extension of its API. It asks once.
func (c *Client) HasExtension(name string) (bool, error) {
	if c.status == nil {
		status, _, err := c.RetrieveServiceStatus()
		if err != nil {
			return false, err
		}
		c.status = status
	}
	for _, extension := range c.status.APIExtensions {
		if extension == name {
			return true, nil
		}
	}
	return false, nil
}

func (c *Client) need(extension string) error {
	has, err := c.HasExtension(extension)
	if err == nil && !has {
		err = fmt.Errorf("the server lacks the extension %s", extension)
	}
	return err
}

// GetVersion returns the version of the server.
func (c *Client) GetVersion() (string, error) {
	version := api.VersionGet{}
	_, err := c.QueryStruct("GET", rest.APIPath("version"), nil, nil, nil, &version)
	return version.Version, err
}

// ListTasks lists the scheduler's tasks.
func (c *Client) ListTasks() ([]api.Task, error) { return list[api.Task](c, nil, "tasks") }

// Metrics returns the server's metrics, Prometheus text.
func (c *Client) Metrics() (string, error) {
	var text []byte
	err := c.DownloadFile(rest.APIPath("metrics"), nil, func(_ http.Header, body io.Reader) (err error) {
		text, err = io.ReadAll(body)
		return err
	})
	return string(text), err
}

// The forms that all calls have.

func body(details any) io.Reader {
	text, err := json.Marshal(details)
	if err != nil {
		panic(err) // Every body is a struct of package api.
	}
	return bytes.NewReader(text)
}

var asJSON = http.Header{"Content-Type": {"application/json"}}

func list[T any](c *Client, filters []string, parts ...string) ([]T, error) {
	params := rest.QueryParams{"recursion": "1"}
	for _, filter := range filters {
		name, value, found := strings.Cut(filter, "=")
		if !found {
			return nil, fmt.Errorf("%q is not a filter", filter)
		}
		params[name] = value
	}
	elements := []T{}
	_, err := c.QueryStruct("GET", rest.APIPath(parts...), params, nil, nil, &elements)
	return elements, err
}

func show[T any](c *Client, params rest.QueryParams, parts ...string) (*T, string, error) {
	if parts[len(parts)-1] == "" {
		return nil, "", fmt.Errorf("an argument is empty")
	}
	element := new(T)
	etag, err := c.QueryStruct("GET", rest.APIPath(parts...), params, nil, nil, element)
	return element, etag, err
}

// urls lists a collection without recursion.
func (c *Client) urls(parts ...string) ([]string, error) {
	elements := []string{}
	_, err := c.QueryStruct("GET", rest.APIPath(parts...), nil, nil, nil, &elements)
	return elements, err
}

// ListURLs returns the paths of a collection's elements.
func (c *Client) ListURLs(collection string) ([]string, error) {
	return c.urls(strings.Split(collection, "/")...)
}

// start sends a body without a content type, as most calls of the SDK do; details may be nil.
func (c *Client) start(method string, params rest.QueryParams, details any, parts ...string) (rest.Operation, error) {
	if parts[len(parts)-1] == "" {
		return nil, fmt.Errorf("an argument is empty")
	}
	var content io.Reader
	if details != nil {
		content = body(details)
	}
	return c.QueryOperation(method, rest.APIPath(parts...), params, nil, content)
}

// startJSON sends a body with the content type application/json.
func (c *Client) startJSON(method string, details any, parts ...string) (rest.Operation, error) {
	var content io.Reader
	if details != nil {
		content = body(details)
	}
	return c.QueryOperation(method, rest.APIPath(parts...), nil, asJSON, content)
}

// upload sends a file, whose length is not announced, with its fingerprint and details in headers. Without details the
// header of the request is there and empty.
func (c *Client) upload(method string, params rest.QueryParams, file string, details any, parts ...string) (rest.Operation, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(content, []byte("PK\x03\x04")) {
		if err := c.need("zip_archive_support"); err != nil {
			return nil, err
		}
	}
	request := ""
	if details != nil {
		text, err := json.Marshal(details)
		if err != nil {
			return nil, err
		}
		request = string(text)
	}
	sum := sha256.Sum256(content)
	header := http.Header{
		"Content-Type":      {"application/octet-stream"},
		"X-Ams-Fingerprint": {hex.EncodeToString(sum[:])},
		"X-Ams-Request":     {request},
	}
	return c.QueryOperation(method, rest.APIPath(parts...), params, header, io.MultiReader(bytes.NewReader(content)))
}
