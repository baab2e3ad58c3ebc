// Package rest holds what every client of AMS does: requests with a client certificate, envelopes, operations, events
// and WebSockets. It behaves like the public Go SDK where a server can see it.
package rest

import (
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	callTimeout     = time.Minute
	transferTimeout = 5 * time.Minute
)

// QueryParams are the parameters of a request's query.
type QueryParams map[string]string

// Observer sees each answer, before anything is made of it.
type Observer func(method, path string, params QueryParams, status int, header http.Header, body []byte)

// Client sends requests to one server.
type Client struct {
	address  *url.URL
	config   *tls.Config
	http     *http.Client
	observe  Observer
	mutex    sync.Mutex
	listener *eventStream
}

// Response is the envelope of an answer.
type Response struct {
	Type       string          `json:"type"`
	Status     string          `json:"status"`
	StatusCode int             `json:"status_code"`
	Operation  string          `json:"operation"`
	Code       int             `json:"error_code"`
	Error      string          `json:"error"`
	Metadata   json.RawMessage `json:"metadata"`
}

// New makes a client for a server. The observer may be nil.
func New(address *url.URL, config *tls.Config, observe Observer) *Client {
	if observe == nil {
		observe = func(string, string, QueryParams, int, http.Header, []byte) {}
	}
	transport := &http.Transport{TLSClientConfig: config}
	return &Client{address: address, config: config, http: &http.Client{Transport: transport}, observe: observe}
}

// APIPath joins the parts of a path below /1.0.
func APIPath(parts ...string) string {
	path := "/1.0"
	for _, part := range parts {
		if part != "" {
			path += "/" + part
		}
	}
	return path
}

func (c *Client) perform(method, path string, params QueryParams, header http.Header, body io.Reader, timeout time.Duration) (*http.Response, error) {
	target := *c.address
	target.Path = path
	query := url.Values{}
	for name, value := range params {
		query.Set(name, value)
	}
	target.RawQuery = query.Encode()
	request, err := http.NewRequest(method, target.String(), body)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		request.Header[name] = values
	}
	client := *c.http
	client.Timeout = timeout
	return client.Do(request)
}

// CallAPI sends a request and returns the envelope of its answer, and the answer's ETag.
func (c *Client) CallAPI(method, path string, params QueryParams, header http.Header, body io.Reader) (*Response, string, error) {
	timeout := callTimeout
	if header.Get("Content-Type") == "application/octet-stream" {
		timeout = transferTimeout
	}
	answer, err := c.perform(method, path, params, header, body, timeout)
	if err != nil {
		return nil, "", err
	}
	defer answer.Body.Close()
	response, err := c.envelope(method, path, params, answer)
	return response, answer.Header.Get("ETag"), err
}

func (c *Client) envelope(method, path string, params QueryParams, answer *http.Response) (*Response, error) {
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, err
	}
	c.observe(method, path, params, answer.StatusCode, answer.Header, text)
	response := &Response{}
	if err := json.Unmarshal(text, response); err != nil {
		return nil, fmt.Errorf("%s: %w", answer.Status, err)
	}
	if response.Type == "error" {
		if response.Error == "" {
			return nil, errors.New(http.StatusText(answer.StatusCode))
		}
		return nil, errors.New(response.Error)
	}
	return response, nil
}

// QueryStruct decodes the metadata of an answer. An answer without metadata is an error, even when target is nil.
func (c *Client) QueryStruct(method, path string, params QueryParams, header http.Header, body io.Reader, target any) (string, error) {
	response, etag, err := c.CallAPI(method, path, params, header, body)
	if err != nil {
		return "", err
	}
	if target == nil {
		target = new(any)
	}
	return etag, json.Unmarshal(response.Metadata, target)
}

// DownloadFile hands the body of a successful answer to take.
func (c *Client) DownloadFile(path string, params QueryParams, take func(header http.Header, body io.Reader) error) error {
	answer, err := c.perform("GET", path, params, nil, nil, transferTimeout)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		_, err := c.envelope("GET", path, params, answer)
		if err == nil {
			err = errors.New(answer.Status)
		}
		return err
	}
	c.observe("GET", path, params, answer.StatusCode, answer.Header, nil)
	return take(answer.Header, answer.Body)
}

// Websocket opens a WebSocket at a path, which may have a query.
func (c *Client) Websocket(resource string) (*Conn, error) {
	target := *c.address
	path, query, _ := strings.Cut(resource, "?")
	target.Path, target.RawQuery = path, query
	conn, err := dialWebsocket(&target, c.config)
	if err == nil {
		c.observe("GET", path, nil, http.StatusSwitchingProtocols, nil, nil)
	}
	return conn, err
}
