package api

// CertificatesPost adds a certificate, the base64 of its DER form.
type CertificatesPost struct {
	Certificate   string `json:"certificate"`
	TrustPassword string `json:"trust-password,omitempty"`
}

// Certificate is a trusted certificate.
type Certificate struct {
	Certificate string `json:"certificate"`
	Fingerprint string `json:"fingerprint"`
}

// IdentityPost adds an identity.
type IdentityPost struct {
	AuthenticationMethod string `json:"authentication_method"`
	Name                 string `json:"name,omitempty"`
	Email                string `json:"email,omitempty"`
	Certificate          string `json:"certificate,omitempty"`
}

// Identity is a caller that AMS knows.
type Identity struct {
	ID                   string   `json:"id"`
	Name                 string   `json:"name"`
	Groups               []string `json:"groups"`
	AuthenticationMethod string   `json:"authentication_method"`
	CreatedAt            int64    `json:"created_at"`
	UpdatedAt            int64    `json:"updated_at"`
	Fingerprint          string   `json:"fingerprint"`
	Email                string   `json:"email"`
	Certificate          string   `json:"certificate"`
}

// IdentityPut replaces the groups of an identity.
type IdentityPut struct {
	Groups []string `json:"groups"`
}

// Permission is an entitlement on a resource: "type:id", or "server" for all.
type Permission struct {
	Entitlement string `json:"entitlement"`
	Resource    string `json:"resource"`
}

// AuthGroupPost adds a group.
type AuthGroupPost struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
}

// AuthGroup is a group of identities with permissions.
type AuthGroup struct {
	AuthGroupPost
	CreatedAt   int64        `json:"created_at"`
	UpdatedAt   int64        `json:"updated_at"`
	Identities  []string     `json:"identities"`
	Permissions []Permission `json:"permissions"`
	Immutable   bool         `json:"immutable"`
}

// AuthGroupPut changes what is given.
type AuthGroupPut struct {
	Description *string       `json:"description,omitempty"`
	Permissions *[]Permission `json:"permissions,omitempty"`
}

// OIDCResponse is the answer of GET /1.0/auth/oidc.
type OIDCResponse struct {
	IssuerURL      string   `json:"issuer"`
	RequiredScopes []string `json:"required_scopes"`
}

// ForceDelete is the body of most deletions.
type ForceDelete struct {
	Force bool `json:"force"`
}

// BulkDelete deletes several resources of a kind.
type BulkDelete struct {
	IDs   []string `json:"ids"`
	Force bool     `json:"force"`
}
