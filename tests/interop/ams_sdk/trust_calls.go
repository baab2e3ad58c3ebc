package main

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"

	"redan.example/ams_sdk/api"
)

// otherCertificate is that of the second client, DER.
func (s *suite) otherCertificate() ([]byte, error) {
	rest, err := os.ReadFile(s.file("other.pem"))
	for err == nil {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, fmt.Errorf("other.pem holds no certificate")
		}
		if block.Type == "CERTIFICATE" {
			return block.Bytes, nil
		}
	}
	return nil, err
}

func (s *suite) otherFingerprint() string {
	der, _ := s.otherCertificate()
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func (s *suite) createsOther() error {
	der, err := s.otherCertificate()
	if err != nil {
		return err
	}
	return s.wait(s.CreateIdentity(&api.IdentityPost{AuthenticationMethod: "tls", Name: "other", Certificate: base64.StdEncoding.EncodeToString(der)}))
}

// otherID is the id of the second client's identity.
func (s *suite) otherID() (string, error) {
	identities, err := s.ListIdentitiesWithFilters([]string{"auth_type=tls"})
	for _, identity := range identities {
		if identity.Name == "other" {
			return identity.ID, nil
		}
	}
	return "", all(err, errMissing)
}

var trustCalls = []call{
	{name: "AddCertificate", run: func(s *suite) error {
		der, err := s.otherCertificate()
		if err != nil {
			return err
		}
		_, err = s.AddCertificate(&api.CertificatesPost{Certificate: base64.StdEncoding.EncodeToString(der)})
		return err
	}},
	{name: "ListCertificates", run: func(s *suite) error {
		certificates, err := s.ListCertificates()
		for _, certificate := range certificates {
			if certificate.Fingerprint == s.otherFingerprint() {
				return nil
			}
		}
		return all(err, errMissing)
	}},
	{name: "ListURLs of certificates", run: func(s *suite) error { return s.listsURLs("certificates", 2) }},
	{name: "RetrieveCertificate", run: func(s *suite) error {
		certificate, err := s.RetrieveCertificate(s.otherFingerprint())
		return all(err, expect(err != nil || certificate.Certificate != "", "it is empty"))
	}},
	{name: "DeleteCertificate", run: func(s *suite) error {
		if err := s.DeleteCertificate(s.ctx, s.otherFingerprint()); err != nil {
			return err
		}
		_, err := s.RetrieveCertificate(s.otherFingerprint())
		return expect(err != nil, "the certificate is still there")
	}},
	{name: "CreateIdentity", run: func(s *suite) error { return s.createsOther() }},
	{name: "CreateIdentity for OIDC", must: true, refusal: noOIDC, run: func(s *suite) error {
		return s.wait(s.CreateIdentity(&api.IdentityPost{AuthenticationMethod: "oidc", Name: "ada", Email: "ada@example.com"}))
	}},
	{name: "ListIdentitiesWithFilters", run: func(s *suite) error {
		id, err := s.otherID()
		if err != nil {
			return err
		}
		found, err := s.ListIdentitiesWithFilters([]string{"id=" + id})
		none, again := s.ListIdentitiesWithFilters([]string{"auth_type=oidc"})
		return all(err, again, expect(len(found) == 1 && len(none) == 0, "%d and %d identities", len(found), len(none)))
	}},
	{name: "ListURLs of identities", run: func(s *suite) error { return s.listsURLs("auth/identities", 2) }},
	{name: "CreateAuthGroup", run: func(s *suite) error {
		return s.wait(s.CreateAuthGroup(&api.AuthGroupPost{Name: "watchers", Description: "they look"}))
	}},
	{name: "RetrieveAuthGroup", run: func(s *suite) error {
		group, _, err := s.RetrieveAuthGroup("watchers")
		return all(err, expect(err != nil || group.Name == "watchers" && group.Description == "they look" && !group.Immutable && group.CreatedAt > 0, "%+v", group))
	}},
	{name: "RetrieveAuthGroup of the administrators", run: func(s *suite) error {
		group, _, err := s.RetrieveAuthGroup("admin")
		return all(err, expect(err != nil || group.Immutable, "%+v", group))
	}},
	{name: "UpdateAuthGroupDescription", run: func(s *suite) error {
		if err := s.wait(s.UpdateAuthGroupDescription("watchers", "they watch")); err != nil {
			return err
		}
		group, _, err := s.RetrieveAuthGroup("watchers")
		return all(err, expect(err != nil || group.Description == "they watch", "%+v", group))
	}},
	{name: "SetPermissionsForGroup", run: func(s *suite) error {
		permissions := []api.Permission{{Entitlement: "can_view_config", Resource: "server"}, {Entitlement: "can_view_tasks", Resource: "server"}}
		if err := s.wait(s.SetPermissionsForGroup("watchers", permissions)); err != nil {
			return err
		}
		group, _, err := s.RetrieveAuthGroup("watchers")
		return all(err, expect(err != nil || len(group.Permissions) == 2 && group.Description == "they watch", "%+v", group))
	}},
	{name: "SetPermissionsForGroup on one resource", refusal: []string{"resource"}, run: func(s *suite) error {
		permissions := []api.Permission{{Entitlement: "can_view_config", Resource: "server"}, {Entitlement: "can_view", Resource: "instance:" + s.instance}}
		return s.wait(s.SetPermissionsForGroup("watchers", permissions))
	}},
	{name: "SetPermissionsForGroup with an unknown entitlement", must: true, refusal: []string{"can_fly"}, run: func(s *suite) error {
		return s.wait(s.SetPermissionsForGroup("watchers", []api.Permission{{Entitlement: "can_fly", Resource: "server"}}))
	}},
	{name: "ListAuthGroupsWithFilters", run: func(s *suite) error {
		groups, err := s.ListAuthGroupsWithFilters([]string{"name=watchers"})
		return all(err, expect(len(groups) == 1, "%d groups", len(groups)))
	}},
	{name: "ListURLs of groups", run: func(s *suite) error { return s.listsURLs("auth/groups", 2) }},
	{name: "SetGroupsForIdentity", run: func(s *suite) error {
		id, err := s.otherID()
		if err != nil {
			return err
		}
		if err := s.wait(s.SetGroupsForIdentity(id, []string{"watchers"})); err != nil {
			return err
		}
		identity, _, err := s.RetrieveIdentityByID(id)
		return all(err, expect(err != nil || same(identity.Groups, "watchers"), "%+v", identity))
	}},
	{name: "RetrieveIdentityByID", run: func(s *suite) error {
		id, err := s.otherID()
		if err != nil {
			return err
		}
		identity, _, err := s.RetrieveIdentityByID(id)
		return all(err, expect(err != nil || identity.Name == "other" && identity.AuthenticationMethod == "tls" && identity.Fingerprint == s.otherFingerprint(), "%+v", identity))
	}},
	{name: "GetPermissionsForCurrentIdentity", run: func(s *suite) error {
		permissions, err := s.GetPermissionsForCurrentIdentity()
		for _, permission := range permissions {
			if permission.Entitlement == "admin" && permission.Resource == "server" {
				return nil
			}
		}
		return all(err, expect(false, "an administrator has no admin on server: %+v", permissions))
	}},
	{name: "a member of a group has its permissions", run: func(s *suite) (err error) {
		if s.other, err = s.clientOf(s.file("other.pem"), s.file("other.pem")); err != nil {
			return err
		}
		permissions, err := s.other.GetPermissionsForCurrentIdentity()
		if err != nil {
			return err
		}
		_, err = s.other.RetrieveConfigItems()
		return all(err, expect(len(permissions) == 2, "%+v", permissions))
	}},
	{name: "a member of a group has no other permissions", must: true, refusal: []string{"permission", "scope", "may not", "not allowed"}, run: func(s *suite) error {
		return s.wait(s.other.DeleteInstanceByID(s.instance, true))
	}},
	{name: "GetOIDCConfig", must: true, refusal: noOIDC, run: func(s *suite) error {
		_, _, err := s.GetOIDCConfig("")
		return err
	}},
	{name: "DeleteAuthGroup with members", must: true, refusal: []string{"watchers", "members", "identities"}, run: func(s *suite) error {
		return s.wait(s.DeleteAuthGroup("watchers", false))
	}},
	{name: "DeleteAuthGroup", run: func(s *suite) error {
		if err := s.wait(s.DeleteAuthGroup("watchers", true)); err != nil {
			return err
		}
		_, _, err := s.RetrieveAuthGroup("watchers")
		return expect(err != nil, "the group is still there")
	}},
	{name: "DeleteIdentity", run: func(s *suite) error {
		id, err := s.otherID()
		if err != nil {
			return err
		}
		if err := s.wait(s.DeleteIdentity(id, true)); err != nil {
			return err
		}
		status, _, err := s.other.RetrieveServiceStatus()
		return expect(err != nil || status.Auth == "untrusted", "it is still %s", status.Auth)
	}},
}

var noOIDC = []string{"OpenID Connect"}
