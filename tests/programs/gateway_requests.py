"""A valid request for each documented path of the gateway."""
import urllib.parse

from ams_requests import Request, Unprepared


class GatewayRequests:
    def __init__(self, ask):
        self.ask, self.kept = ask, {}

    def made(self, method, path, body):
        answer = self.ask(method, path, body)
        if answer.status not in (200, 201):
            raise Unprepared(f"{method} {path}: {answer}")
        return answer.metadata

    def new_session(self):
        return self.made("POST", "/1.0/sessions", {"app": "demo", "joinable": True})

    def session(self):
        if "session" not in self.kept:
            self.kept["session"] = self.new_session()["id"]
        return self.kept["session"]

    def new_share(self):
        return self.made("POST", f"/1.0/sessions/{self.session()}/share", {"type": "view", "description": "mine"})

    @staticmethod
    def part(url):
        """Path and query of a URL."""
        split = urllib.parse.urlsplit(url)
        return f"{split.path}?{split.query}"

    def request(self, method, path):
        requests = {
            "POST /1.0/sessions": lambda: Request(path, {"app": "demo", "joinable": True}),
            "DELETE /1.0/sessions": lambda: Request(path + "?sync=true", {"ids": [self.new_session()["id"]]}),
            "GET /1.0/sessions": lambda: self.session() and Request(path),
            "GET /1.0/shares": lambda: self.new_share() and Request(path),
            "GET /1.0/sessions/{id}": lambda: Request(f"/1.0/sessions/{self.session()}"),
            "DELETE /1.0/sessions/{id}": lambda: Request(f"/1.0/sessions/{self.new_session()['id']}?sync=true"),
            "GET /1.0/sessions/{id}/connect": lambda: Request(self.part(self.new_share()["url"])),
            "POST /1.0/sessions/{id}/join": lambda: Request(f"/1.0/sessions/{self.session()}/join", {"screen": {"width": 640, "height": 480}}),
            "POST /1.0/sessions/{id}/share": lambda: Request(f"/1.0/sessions/{self.new_session()['id']}/share", {"type": "adb", "expiry_min": 5}),
            "GET /1.0/shares/{id}": lambda: Request(f"/1.0/shares/{self.new_share()['id']}"),
            "DELETE /1.0/shares/{id}": lambda: Request(f"/1.0/shares/{self.new_share()['id']}?sync=true"),
            "PATCH /1.0/shares/{id}": lambda: Request(f"/1.0/shares/{self.new_share()['id']}", {"description": "changed"}),
            "PATCH /1.0/config": lambda: Request(path, {"config": {"core.ended_session_retention": 3600}}),
            "GET /1.0/session/{id}/sockets/slave": lambda: Request(self.part(self.new_session()["url"])),
            "GET /1.0/session/{id}/sockets/master": lambda: Request(self.part(self.new_session()["url"]).replace("/slave", "/master")),
            "GET /1.0/session/{id}/sockets/adb": self.adb_socket,
        }
        wanted = requests.get(f"{method} {path}")
        return wanted() if wanted else Request(path)

    def adb_socket(self):
        share = self.made("POST", f"/1.0/sessions/{self.new_session()['id']}/share", {"type": "adb"})
        granted = self.made("GET", self.part(share["url"]), None)
        return Request(self.part(granted["url"]))
