package client

import (
	"context"

	"redan.example/ams_sdk/api"
	"redan.example/ams_sdk/rest"
)

// ListCertificates lists the trusted certificates.
func (c *Client) ListCertificates() ([]api.Certificate, error) {
	return list[api.Certificate](c, nil, "certificates")
}

// AddCertificate adds a certificate.
func (c *Client) AddCertificate(details *api.CertificatesPost) (*rest.Response, error) {
	response, _, err := c.CallAPI("POST", rest.APIPath("certificates"), nil, nil, body(details))
	return response, err
}

// RetrieveCertificate returns a certificate.
func (c *Client) RetrieveCertificate(fingerprint string) (*api.Certificate, error) {
	certificate, _, err := show[api.Certificate](c, nil, "certificates", fingerprint)
	return certificate, err
}

// DeleteCertificate deletes a certificate and waits.
func (c *Client) DeleteCertificate(ctx context.Context, fingerprint string) error {
	return wait(ctx)(c.start("DELETE", nil, nil, "certificates", fingerprint))
}

// CreateIdentity adds an identity. Like all calls for identities it needs the extension oidc_support.
func (c *Client) CreateIdentity(details *api.IdentityPost) (rest.Operation, error) {
	if err := c.need("oidc_support"); err != nil {
		return nil, err
	}
	return c.startJSON("POST", details, "auth", "identities")
}

// ListIdentitiesWithFilters lists the identities that have each "attribute=value".
func (c *Client) ListIdentitiesWithFilters(filters []string) ([]api.Identity, error) {
	if err := c.need("oidc_support"); err != nil {
		return nil, err
	}
	return list[api.Identity](c, filters, "auth", "identities")
}

// RetrieveIdentityByID returns an identity and its ETag.
func (c *Client) RetrieveIdentityByID(id string) (*api.Identity, string, error) {
	if err := c.need("oidc_support"); err != nil {
		return nil, "", err
	}
	return show[api.Identity](c, nil, "auth", "identities", id)
}

// DeleteIdentity deletes an identity.
func (c *Client) DeleteIdentity(id string, force bool) (rest.Operation, error) {
	if err := c.need("oidc_support"); err != nil {
		return nil, err
	}
	return c.start("DELETE", nil, api.ForceDelete{Force: force}, "auth", "identities", id)
}

// SetGroupsForIdentity replaces the groups of an identity.
func (c *Client) SetGroupsForIdentity(id string, groups []string) (rest.Operation, error) {
	if err := c.need("auth.groups"); err != nil {
		return nil, err
	}
	return c.start("PUT", nil, api.IdentityPut{Groups: groups}, "auth", "identities", id)
}

// CreateAuthGroup adds a group.
func (c *Client) CreateAuthGroup(details *api.AuthGroupPost) (rest.Operation, error) {
	if err := c.need("auth.groups"); err != nil {
		return nil, err
	}
	return c.startJSON("POST", details, "auth", "groups")
}

// RetrieveAuthGroup returns a group and its ETag.
func (c *Client) RetrieveAuthGroup(name string) (*api.AuthGroup, string, error) {
	if err := c.need("auth.groups"); err != nil {
		return nil, "", err
	}
	return show[api.AuthGroup](c, nil, "auth", "groups", name)
}

// ListAuthGroupsWithFilters lists the groups that have each "attribute=value".
func (c *Client) ListAuthGroupsWithFilters(filters []string) ([]api.AuthGroup, error) {
	if err := c.need("auth.groups"); err != nil {
		return nil, err
	}
	return list[api.AuthGroup](c, filters, "auth", "groups")
}

// DeleteAuthGroup deletes a group.
func (c *Client) DeleteAuthGroup(name string, force bool) (rest.Operation, error) {
	if err := c.need("auth.groups"); err != nil {
		return nil, err
	}
	return c.start("DELETE", nil, api.ForceDelete{Force: force}, "auth", "groups", name)
}

// UpdateAuthGroupDescription changes the description of a group.
func (c *Client) UpdateAuthGroupDescription(name, description string) (rest.Operation, error) {
	return c.updateAuthGroup(name, &api.AuthGroupPut{Description: &description})
}

// SetPermissionsForGroup replaces the permissions of a group.
func (c *Client) SetPermissionsForGroup(name string, permissions []api.Permission) (rest.Operation, error) {
	return c.updateAuthGroup(name, &api.AuthGroupPut{Permissions: &permissions})
}

func (c *Client) updateAuthGroup(name string, details *api.AuthGroupPut) (rest.Operation, error) {
	if err := c.need("auth.groups"); err != nil {
		return nil, err
	}
	return c.start("PUT", nil, details, "auth", "groups", name)
}

// GetPermissionsForCurrentIdentity lists what the caller may do.
func (c *Client) GetPermissionsForCurrentIdentity() ([]api.Permission, error) {
	return list[api.Permission](c, nil, "auth", "permissions")
}

// GetOIDCConfig returns how to authenticate with OIDC.
func (c *Client) GetOIDCConfig(grantType string) (*api.OIDCResponse, string, error) {
	if err := c.need("oidc_support"); err != nil {
		return nil, "", err
	}
	params := rest.QueryParams{}
	if grantType != "" {
		params["grant_type"] = grantType
	}
	return show[api.OIDCResponse](c, params, "auth", "oidc")
}
