"""One question of macaroon_oracle.hpp, as JSON on standard input, answered with pymacaroons."""
import json
import sys

from pymacaroons import MACAROON_V1, MACAROON_V2, Macaroon, Verifier
from pymacaroons.serializers import BinarySerializer, JsonSerializer


def main():
    if len(sys.argv) > 1:  # tests whether it is installed
        return
    ask = json.load(sys.stdin)
    serializer = JsonSerializer() if ask["form"].startswith("json") else BinarySerializer()
    if "text" in ask:
        macaroon = Macaroon.deserialize(ask["text"], serializer)
    else:
        version = MACAROON_V1 if ask["form"].endswith("1") else MACAROON_V2
        macaroon = Macaroon(location=ask["location"], identifier=ask["identifier"],
                            key=bytes.fromhex(ask["key"]), version=version)
    for caveat in ask["add"]:
        macaroon.add_first_party_caveat(caveat)
    if ask["third_party"]:
        macaroon.add_third_party_caveat("https://bank.example", "their key", "a secret of theirs")
    verifier = Verifier()
    for caveat in ask["met"]:
        verifier.satisfy_exact(caveat)
    try:
        accepted = verifier.verify(macaroon, bytes.fromhex(ask["key"]))
    except Exception:  # it raises exceptions for all errors
        accepted = False
    print(json.dumps({"text": macaroon.serialize(serializer), "signature": macaroon.signature, "accepted": accepted}))


main()
