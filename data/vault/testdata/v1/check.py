"""Reads vault.json and vectors.json of version 1 without any code of this project.

Argon2id, HKDF, HMAC and ChaCha20-Poly1305 come from OpenSSL through the Python package cryptography (44 or later, with OpenSSL 3.2 or later);
HChaCha20 is written out below (draft-irtf-cfrg-xchacha-03, section 2.2). The last line is "N checks"; any difference ends with an error.
"""
import base64, hashlib, hmac, json, os, struct, uuid
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

here = os.path.dirname(os.path.abspath(__file__))
vault = json.load(open(os.path.join(here, "vault.json"), encoding="utf-8"))
want = json.load(open(os.path.join(here, "vectors.json"), encoding="utf-8"))
checks = 0


def check(what, got, expected):
    global checks
    assert got == expected, (what, got, expected)
    checks += 1


def rotate(x, n):
    return (x << n | x >> 32 - n) & 0xFFFFFFFF


def hchacha20(key, nonce16):
    s = list(struct.unpack("<4I8I4I", b"expand 32-byte k" + key + nonce16))
    for _ in range(10):
        for a, b, c, d in [(0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15),
                           (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)]:
            for x, y, z, n in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)]:
                s[x] = (s[x] + s[y]) & 0xFFFFFFFF
                s[z] = rotate(s[z] ^ s[x], n)
    return struct.pack("<8I", *s[0:4], *s[12:16])


def xchacha_open(key, nonce, sealed, ad):
    return ChaCha20Poly1305(hchacha20(key, nonce[:16])).decrypt(b"\0" * 4 + nonce[16:], sealed, ad)


def pack(*parts):
    parts = [p.encode() if isinstance(p, str) else p for p in parts]
    return struct.pack(">Q", len(parts)) + b"".join(struct.pack(">Q", len(p)) + p for p in parts)


def hkdf(secret, salt, info):
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=salt, info=info).derive(secret)


def open_root(kind, key, cost):
    w = vault[kind]
    ad = pack("relais wrap 1", vault["vault"], vault["environment"], vault["created"], kind, w["kdf"], cost, base64.b64decode(w["salt"]))
    return xchacha_open(key, base64.b64decode(w["nonce"]), base64.b64decode(w["sealed"]), ad)


# The checksum of the file.
bare = dict(vault, sha256="")
check("sha256", hashlib.sha256(json.dumps(bare, separators=(",", ":")).encode()).hexdigest(), vault["sha256"])

# The passphrase.
w = vault["passphrase"]
cost = (w["cost"]["memory_kib"], w["cost"]["passes"], w["cost"]["lanes"])
key = Argon2id(salt=base64.b64decode(w["salt"]), length=32, iterations=cost[1], lanes=cost[2], memory_cost=cost[0]).derive(want["passphrase"].encode())
root = open_root("passphrase", key, struct.pack(">3I", *cost))
check("root by passphrase", root.hex(), want["root"])

# The recovery code.
number = 0
for c in want["recovery_code"].replace("-", ""):
    number = number * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(c)
check("check of the recovery code", number % 1048573, 1)
code = (number >> 20).to_bytes(20, "big")
key = hkdf(code, base64.b64decode(vault["recovery"]["salt"]), b"relais recovery wrap 1")
check("root by recovery code", open_root("recovery", key, b"").hex(), want["root"])

# What is made under the subkeys.
vault_id = uuid.UUID(vault["vault"]).bytes
check("environment", vault["environment"], want["environment"])


def subkey(purpose):
    return hkdf(root, vault_id, pack("relais subkey 1", vault["environment"], purpose))


def mac(purpose, *parts):
    return hmac.new(subkey(purpose), b"".join(parts), hashlib.sha256).hexdigest()


ad, plaintext = want["ad"], want["plaintext"].encode()
for purpose in ("content", "patients", "delivery"):
    sealed = bytes.fromhex(want[purpose])
    assert sealed[0] == 1
    associated = pack(b"\1", vault_id, vault["environment"], ad["Table"], ad["Row"], ad["Column"])
    check(purpose, xchacha_open(subkey(purpose), sealed[1:25], sealed[25:], associated), plaintext)
check("mac", mac("row", pack(ad["Table"], ad["Row"]), pack("1", "", "ready")), want["mac"])
check("blind", mac("index", pack("blind", ad["Column"], plaintext)), want["blind"])
check("keyed", mac("index", pack("keyed", "request"), plaintext), want["keyed"])
check("chain", mac("audit", bytes(32), plaintext), want["chain"])
print(checks, "checks")
