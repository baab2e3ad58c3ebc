"""A valid request for each documented path of AMS. What a request needs is made before."""
import base64
import hashlib
import itertools
import json
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "interop/ams_sdk"))

import archives  # noqa: E402


class Unprepared(Exception):
    """What a request needs could not be made."""


class Request:
    def __init__(self, path, body=None, headers=None):
        self.path, self.body, self.headers = path, body, headers or {}


class AmsRequests:
    def __init__(self, ams, folder, has_agent):
        self.ams, self.folder, self.has_agent = ams, folder, has_agent
        self.numbers = itertools.count()
        self.kept = {}

    # What requests need.

    def start(self, method, path, body=None, headers=None):
        """Starts an operation and returns it when it has ended."""
        answer = self.ams.ask(method, path, body, headers)
        if answer.status not in (200, 202):
            raise Unprepared(f"{method} {path}: {answer}")
        operation = self.ams.wait(answer)
        if operation.get("status_code") != 200:
            raise Unprepared(f"{method} {path}: {operation.get('err') or operation}")
        return operation

    def upload(self, method, path, content, request=""):
        return self.start(method, path, content, self.upload_headers(content, request))

    @staticmethod
    def upload_headers(content, request=""):
        return {"Content-Type": "application/octet-stream", "X-AMS-Fingerprint": hashlib.sha256(content).hexdigest(), "X-AMS-Request": request}

    def made(self, kind, operation):
        paths = operation.get("resources", {}).get(kind) or []
        if len(paths) != 1:
            raise Unprepared(f"the operation made {operation.get('resources')}, not one of {kind}")
        return paths[0].rpartition("/")[2]

    def name(self, kind):
        return f"{kind}-{next(self.numbers)}"

    def once(self, what):
        """One that all requests may use, as long as they do not change it."""
        if what not in self.kept:
            self.kept[what] = getattr(self, f"new_{what}")()
        return self.kept[what]

    def archive(self, name):
        return archives.pack("x.zip", {"manifest.yaml": f"name: {name}\nresources: {{cpus: 1, memory: 3GB, disk-size: 3GB}}\n"})

    def new_application(self, name=None):
        return self.made("applications", self.upload("POST", "/1.0/applications", self.archive(name or self.name("app"))))

    def new_application_with_two_versions(self):
        name = self.name("app")
        made = self.new_application(name)
        self.upload("PATCH", f"/1.0/applications/{made}", self.archive(name))
        return made

    def new_addon(self):
        name = self.name("addon")
        self.upload("POST", "/1.0/addons", archives.pack("x.zip", archives.FILES["addon.zip"]), json.dumps({"name": name}))
        return name

    def new_addon_with_two_versions(self):
        name = self.new_addon()
        self.upload("PATCH", f"/1.0/addons/{name}", archives.pack("x.tar.bz2", archives.FILES["addon.tar.bz2"]), "{}")
        return name

    def image(self, number=1):
        return archives.pack("x.tar.xz", archives.FILES["image.tar.xz" if number == 1 else "image-2.tar.xz"])

    def new_image(self):
        request = json.dumps({"name": self.name("image"), "default": False})
        return self.made("images", self.upload("POST", "/1.0/images", self.image(), request))

    def new_image_with_two_versions(self):
        made = self.new_image()
        self.upload("PATCH", f"/1.0/images/{made}", self.image(2), "{}")
        return made

    def new_instance(self):
        return self.made("instances", self.start("POST", "/1.0/instances", {"app_id": self.once("application"), "no_start": True}))

    def new_running(self):
        return self.made("instances", self.start("POST", "/1.0/instances?no_wait=false", {"app_id": self.once("application")}))

    def new_streaming(self):
        wanted = {"app_id": self.once("application"), "config": {"enable_streaming": True}}
        return self.made("instances", self.start("POST", "/1.0/instances?no_wait=false", wanted))

    def new_share(self):
        answer = self.ams.ask("POST", f"/1.0/instances/{self.once('streaming')}/shares", {"type": "adb"})
        if answer.status != 200:
            raise Unprepared(f"no share: {answer}")
        return answer.metadata["id"]

    def new_group(self):
        name = self.name("group")
        self.start("POST", "/1.0/auth/groups", {"name": name})
        return name

    def certificate(self):
        """The base64 of a new certificate's DER form, and its fingerprint."""
        made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", "/dev/null",
                               "-outform", "DER", "-subj", "/CN=client", "-days", "2"], capture_output=True, check=True).stdout
        return base64.b64encode(made).decode(), hashlib.sha256(made).hexdigest()

    def new_certificate(self):
        encoded, fingerprint = self.certificate()
        self.start("POST", "/1.0/certificates", {"certificate": encoded})
        return fingerprint

    def new_identity(self):
        encoded, fingerprint = self.certificate()
        name = self.name("identity")
        self.start("POST", "/1.0/auth/identities", {"authentication_method": "tls", "name": name, "certificate": encoded})
        listed = self.ams.ask("GET", "/1.0/auth/identities?recursion=1").metadata
        return next(one["id"] for one in listed if one["fingerprint"] == fingerprint)

    def new_node(self):
        name = self.name("node")
        self.start("POST", "/1.0/nodes", {"name": name, "address": "192.0.2.2", "unmanaged": True})
        return name

    def new_operation(self):
        return self.start("PATCH", "/1.0/config", {"name": "application.auto_publish", "value": "true"})["id"]

    def log(self, kind):
        instance = self.once("running")
        paths = self.ams.ask("GET", f"/1.0/{kind}/{instance}/logs").metadata
        if not paths:
            raise Unprepared("there is no log")
        return paths[0]

    # The requests. A list has an element.

    ELEMENTS = {"addons": "addon", "applications": "application", "groups": "group", "identities": "identity", "certificates": "certificate",
                "containers": "running", "images": "image", "instances": "running", "operations": "operation", "tasks": "running"}

    def request(self, method, path):
        collection = path.partition("?")[0].rpartition("/")[2]
        if method == "GET" and collection in self.ELEMENTS and "registry" not in path:
            self.once(self.ELEMENTS[collection])
        return self.specific(method, path) or Request(path)

    def specific(self, method, path):
        archive = lambda: self.archive(self.name("app"))  # noqa: E731
        once, body = self.once, Request
        addon = archives.pack("x.zip", archives.FILES["addon.zip"])

        def uploaded(where, content, request=""):
            return Request(where, content, self.upload_headers(content, request))

        def again(application):
            """An archive of the application's name."""
            return self.archive(self.ams.ask("GET", f"/1.0/applications/{application}").metadata["name"])

        requests = {
            "POST /1.0/addons": lambda: uploaded(path, addon, json.dumps({"name": self.name("addon")})),
            "GET /1.0/addons/{name}": lambda: body(f"/1.0/addons/{once('addon')}"),
            "DELETE /1.0/addons/{name}": lambda: body(f"/1.0/addons/{self.new_addon()}"),
            "PATCH /1.0/addons/{name}": lambda: uploaded(f"/1.0/addons/{once('addon')}", addon, "{}"),
            "DELETE /1.0/addons/{name}/{version}": lambda: body(f"/1.0/addons/{self.new_addon_with_two_versions()}/0"),
            "POST /1.0/applications": lambda: uploaded(path, archive()),
            "DELETE /1.0/applications": lambda: body(path, {"ids": [self.new_application()], "force": False}),
            "GET /1.0/applications/{id}": lambda: body(f"/1.0/applications/{once('application')}"),
            "DELETE /1.0/applications/{id}": lambda: body(f"/1.0/applications/{self.new_application()}", {"force": False}),
            "PATCH /1.0/applications/{id}": lambda: uploaded(f"/1.0/applications/{once('application')}", again(once("application"))),
            "PATCH /1.0/applications/{id}/": lambda: body(f"/1.0/applications/{once('application')}/", {"tags": ["a"]},
                                                          {"Content-Type": "application/json"}),
            "GET /1.0/applications/{id}/manifest": lambda: body(f"/1.0/applications/{once('application')}/manifest"),
            "GET /1.0/applications/{id}/{version}": lambda: body(f"/1.0/applications/{once('application')}/0"),
            "DELETE /1.0/applications/{id}/{version}": lambda: body(f"/1.0/applications/{self.new_application_with_two_versions()}/0", {"force": True}),
            "PATCH /1.0/applications/{id}/{version}": lambda: body(f"/1.0/applications/{once('application')}/0", {"published": True}),
            "GET /1.0/applications/{id}/{version}/manifest": lambda: body(f"/1.0/applications/{once('application')}/0/manifest"),
            "POST /1.0/auth/groups": lambda: body(path, {"name": self.name("group"), "description": "some"}),
            "GET /1.0/auth/groups/{name}": lambda: body(f"/1.0/auth/groups/{once('group')}"),
            "DELETE /1.0/auth/groups/{name}": lambda: body(f"/1.0/auth/groups/{self.new_group()}", {"force": False}),
            "PUT /1.0/auth/groups/{name}/": lambda: body(f"/1.0/auth/groups/{once('group')}/", {"permissions": [
                {"entitlement": "can_view_config", "resource": "server"}]}),
            "GET /1.0/auth/identites/{id}": lambda: body(f"/1.0/auth/identites/{once('identity')}"),
            "POST /1.0/auth/identities": lambda: body(path, {"authentication_method": "tls", "name": self.name("identity"),
                                                             "certificate": self.certificate()[0]}),
            "PUT /1.0/auth/identities/{id}": lambda: body(f"/1.0/auth/identities/{self.new_identity()}", {"groups": [once("group")]}),
            "DELETE /1.0/auth/identities/{id}": lambda: body(f"/1.0/auth/identities/{self.new_identity()}", {"force": True}),
            "POST /1.0/certificates": lambda: body(path, {"certificate": self.certificate()[0]}),
            "GET /1.0/certificates/{fingerprint}": lambda: body(f"/1.0/certificates/{once('certificate')}"),
            "DELETE /1.0/certificates/{fingerprint}": lambda: body(f"/1.0/certificates/{self.new_certificate()}"),
            "PATCH /1.0/config": lambda: body(path, {"name": "application.auto_publish", "value": "true"}),
            "POST /1.0/containers": lambda: body(path, {"app_id": once("application"), "no_start": True}),
            "POST /1.0/images": lambda: body(path, {"name": "jammy", "path": "jammy:android:amd64"}, {"Content-Type": "application/json"}),
            "POST /1.0/images/": lambda: uploaded(path, self.image(), json.dumps({"name": self.name("image"), "default": False})),
            "GET /1.0/images/{id_or_name}": lambda: body(f"/1.0/images/{once('image')}"),
            "DELETE /1.0/images/{id}": lambda: body(f"/1.0/images/{self.new_image()}", {"force": False}),
            "PATCH /1.0/images/{id}": lambda: uploaded(f"/1.0/images/{once('image')}", self.image(2), '{"default":null,"force_sync":false}'),
            "PATCH /1.0/images/{id}/": lambda: body(f"/1.0/images/{once('image')}/", {"default": True}, {"Content-Type": "application/json"}),
            "DELETE /1.0/images/{id}/{version}": lambda: body(f"/1.0/images/{self.new_image_with_two_versions()}/0"),
            "POST /1.0/instances": lambda: body(path, {"app_id": once("application"), "no_start": True}),
            "POST /1.0/instances/{id}/shares": lambda: body(f"/1.0/instances/{once('streaming')}/shares", {"type": "adb", "description": "mine"}),
            "POST /1.0/instances/{id}/shares/{shareId}": lambda: body(f"/1.0/instances/{once('streaming')}/shares/{self.new_share()}"),
            "PATCH /1.0/instances/{id}/shares/{shareId}": lambda: body(f"/1.0/instances/{once('streaming')}/shares/{self.new_share()}",
                                                                       {"description": "changed"}),
            "POST /1.0/nodes": lambda: body(path, {"name": self.name("node"), "address": "192.0.2.2", "unmanaged": True}),
            "GET /1.0/nodes/{name}": lambda: body(f"/1.0/nodes/{once('node')}"),
            "DELETE /1.0/nodes/{name}": lambda: body(f"/1.0/nodes/{self.new_node()}", {"force": False, "keep_in_cluster": True}),
            "PATCH /1.0/nodes/{name}": lambda: body(f"/1.0/nodes/{once('node')}", {"unschedulable": True}),
            "GET /1.0/operations/{uuid}": lambda: body(f"/1.0/operations/{self.new_operation()}"),
            "GET /1.0/operations/{uuid}/wait": lambda: body(f"/1.0/operations/{self.new_operation()}/wait?timeout=10"),
            "DELETE /1.0/operations/{uuid}": lambda: body(f"/1.0/operations/{self.new_command()['id']}"),
            "GET /1.0/operations/{uuid}/websocket": self.socket_of_command,
            "POST /1.0/registry/applications/pull": lambda: body(path),
            "POST /1.0/registry/applications/push": lambda: body(path),
            "DELETE /1.0/registry/applications/{id}": lambda: body("/1.0/registry/applications/web"),
        }
        for kind, parameter in (("containers", "{id}"), ("instances", "{id_or_name}")):
            one = f"/1.0/{kind}/{parameter}"
            requests.update({
                f"DELETE /1.0/{kind}": lambda kind=kind: body(f"/1.0/{kind}", {"ids": [self.new_instance()], "force": True}),
                f"GET {one}": lambda kind=kind: body(f"/1.0/{kind}/{once('running')}"),
                f"DELETE {one}": lambda kind=kind: body(f"/1.0/{kind}/{self.new_instance()}", {"force": False}),
                f"PATCH {one}": lambda kind=kind: body(f"/1.0/{kind}/{self.new_instance()}", {"desired_status": "running"}),
                f"POST {one}/exec": lambda kind=kind: body(f"/1.0/{kind}/{once('running')}/exec", {"command": ["true"], "interactive": False}),
                f"GET {one}/logs": lambda kind=kind: body(f"/1.0/{kind}/{once('running')}/logs"),
                f"GET {one}/logs/{{name}}": lambda kind=kind: body(self.log(kind)),
            })
        wanted = requests.get(f"{method} {path}")
        return wanted() if wanted else None

    def socket_of_command(self):
        command = self.new_command()
        return Request(f"/1.0/operations/{command['id']}/websocket?secret={command['metadata']['fds']['0']}")

    def new_command(self):
        """The operation of a command that waits for its sockets."""
        answer = self.ams.ask("POST", f"/1.0/instances/{self.once('running')}/exec", {"command": ["true"], "interactive": False})
        if answer.status != 202:
            raise Unprepared(f"no command: {answer}")
        return answer.metadata
