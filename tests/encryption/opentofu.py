"""Reads and writes OpenTofu's encrypted files, sharing nothing with podform: PBKDF2 and AES-GCM of Python.

    opentofu.py open PASSPHRASE < envelope > plain
    opentofu.py seal PASSPHRASE < plain > envelope
"""

import base64
import hashlib
import json
import os
import sys

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NAME = "key_provider.pbkdf2.team"


def key(passphrase, notes):
    salt = base64.b64decode(notes["salt"])
    name, length = notes["hash_function"], notes["key_length"]
    return hashlib.pbkdf2_hmac(name, passphrase.encode(), salt, notes["iterations"], length)


def opened(passphrase, text):
    envelope = json.loads(text)
    assert envelope["encryption_version"] == "v0", envelope["encryption_version"]
    notes = json.loads(base64.b64decode(envelope["meta"][NAME]))
    assert sorted(notes) == ["hash_function", "iterations", "key_length", "salt"], sorted(notes)
    data = base64.b64decode(envelope["encrypted_data"])
    plain = AESGCM(key(passphrase, notes)).decrypt(data[:12], data[12:], None)
    if "serial" in envelope:
        state = json.loads(plain)
        for part in ("serial", "lineage"):
            assert state[part] == envelope[part], part
    return plain


def sealed(passphrase, plain):
    # Not what podform writes by itself: another hash, a shorter key, more iterations.
    notes = {
        "salt": base64.b64encode(os.urandom(32)).decode(),
        "iterations": 250000,
        "hash_function": "sha256",
        "key_length": 16,
    }
    nonce = os.urandom(12)
    data = nonce + AESGCM(key(passphrase, notes)).encrypt(nonce, plain, None)
    state = json.loads(plain)
    return json.dumps(
        {
            "serial": state["serial"],
            "lineage": state["lineage"],
            "meta": {NAME: base64.b64encode(json.dumps(notes).encode()).decode()},
            "encrypted_data": base64.b64encode(data).decode(),
            "encryption_version": "v0",
        }
    ).encode()


if __name__ == "__main__":
    verb, passphrase = sys.argv[1:]
    work = {"open": opened, "seal": sealed}[verb]
    sys.stdout.buffer.write(work(passphrase, sys.stdin.buffer.read()))
