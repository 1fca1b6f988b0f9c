#!/usr/bin/env python3
"""Reads an ETEE triple wrap as strictly as its profile allows, sharing no code with Relais.

    reader.py --policy EHEALTH_CERT|EID --sender CERT.der [--author CERT.der]
              (--key PKCS8.der --serial N | --kek HEX --kek-id HEX) SEALED PLAIN

Checks each layer field by field (DER only: this is for what Relais writes, not for what it reads), verifies both
signatures, decrypts, writes the plain bytes. On the first deviation: one line on standard error, exit code 1.
Only the standard library; arithmetic instead of a cryptographic library, so that nothing is taken on trust.
"""
import argparse
import hashlib
import re
import sys


class Deviation(Exception):
    """What the message has that the profile does not."""


def need(condition, what):
    if not condition:
        raise Deviation(what)


# DER: tag, length and value as (tag, value, encoding).

def read(data, at=0):
    need(len(data) - at >= 2, "cut off")
    tag, length, body = data[at], data[at + 1], at + 2
    need(tag & 0x1F != 0x1F, "long tag")
    if length >= 0x80:
        octets = length & 0x7F
        need(0 < octets <= 4, "indefinite or very long length")
        length = int.from_bytes(data[body:body + octets], "big")
        body += octets
        need(length >= 0x80 and length >> (8 * (octets - 1)), "length not in its shortest form")
    need(body + length <= len(data), "longer than its parent")
    return (tag, data[body:body + length], data[at:body + length]), body + length


def whole(data):
    value, end = read(data)
    need(end == len(data), "bytes after the end")
    return value


def parts(value):
    found, at = [], 0
    while at < len(value[1]):
        part, at = read(value[1], at)
        found.append(part)
    return found


def only(value, tag, what):
    need(value[0] == tag, "%s has tag %02x, not %02x" % (what, value[0], tag))
    return value[1]


def sequence(value, count, what, tag=0x30):
    only(value, tag, what)
    found = parts(value)
    need(len(found) in (count if isinstance(count, tuple) else (count,)), "%s has %d fields" % (what, len(found)))
    return found


def set_of(value, what, tag=0x31):
    only(value, tag, what)
    found = parts(value)
    encodings = [f[2] for f in found]
    need(encodings == sorted(encodings), "%s is not in DER order" % what)
    return found


def integer(value, what):
    body = only(value, 0x02, what)
    need(body and not (len(body) > 1 and body[0] in (0, 0xFF) and (body[0] ^ body[1]) < 0x80), "%s is badly encoded" % what)
    return int.from_bytes(body, "big", signed=True)


def oid(value, what):
    body, numbers, n = only(value, 0x06, what), [], 0
    for b in body:
        n = n << 7 | b & 0x7F
        if b < 0x80:
            numbers.append(n)
            n = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, [first, numbers[0] - 40 * first] + numbers[1:]))


DATA, SIGNED, ENVELOPED = ("1.2.840.113549.1.7.%d" % n for n in (1, 2, 3))
CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, PROTECTION = ("1.2.840.113549.1.9.%d" % n for n in (3, 4, 5, 52))
RSA, MGF1, PSS, SHA256_RSA = ("1.2.840.113549.1.1.%d" % n for n in (1, 8, 10, 11))
SHA256 = "2.16.840.1.101.3.4.2.1"
AES_CBC, AES_WRAP = "2.16.840.1.101.3.4.1.2", "2.16.840.1.101.3.4.1.5"
NULL = b"\x05\x00"


def bare(value, want, what):
    fields = sequence(value, 2, what)
    need(oid(fields[0], what) == want and fields[1][2] == NULL, "%s is not %s with NULL" % (what, want))


def signature_algorithm(fields, policy, what):
    if policy == "EID":
        need(oid(fields[0], what) == SHA256_RSA and fields[1][2] == NULL, "%s is not sha256WithRSAEncryption" % what)
        return
    need(oid(fields[0], what) == PSS, "%s is not RSASSA-PSS" % what)
    hashed, mask, salt = sequence(fields[1], 3, what)
    bare(sequence(hashed, 1, what, 0xA0)[0], SHA256, what)
    mask = sequence(sequence(mask, 1, what, 0xA1)[0], 2, what)
    need(oid(mask[0], what) == MGF1, "%s has another mask function" % what)
    bare(mask[1], SHA256, what)
    need(integer(sequence(salt, 1, what, 0xA2)[0], what) == 32, "%s has another salt length" % what)


class Certificate:
    """Serial number, issuer and RSA key of a certificate: nothing else is needed here."""

    def __init__(self, der):
        self.der = der
        fields = parts(parts(whole(der))[0])
        self.serial = integer(fields[1], "serial")
        self.issuer = fields[3][2]
        bits = only(parts(fields[6])[1], 0x03, "public key")
        n, e = parts(whole(bits[1:]))
        self.n, self.e = integer(n, "modulus"), integer(e, "exponent")
        self.octets = (self.n.bit_length() + 7) // 8

    def named(self, value, what):
        issuer, serial = sequence(value, 2, what)
        return issuer[2] == self.issuer and integer(serial, what) == self.serial

    def verify(self, policy, signed, signature):
        need(len(signature) == self.octets, "signature of %d bytes" % len(signature))
        block = pow(int.from_bytes(signature, "big"), self.e, self.n).to_bytes(self.octets, "big")
        digest = hashlib.sha256(signed).digest()
        if policy == "EID":
            info = bytes.fromhex("3031300d060960864801650304020105000420") + digest
            return block == b"\0\1" + b"\xff" * (self.octets - 3 - len(info)) + b"\0" + info
        # RFC 8017 9.1.2; moduli of a multiple of 8 bits, so that the block is as long as the modulus
        masked, h = block[:-33], block[-33:-1]
        db = bytearray(x ^ y for x, y in zip(masked, mask_function(h, len(masked))))
        db[0] &= 0x7F
        padding, salt = bytes(db[:-32]), bytes(db[-32:])
        return (block[-1] == 0xBC and block[0] < 0x80 and padding == b"\0" * (len(padding) - 1) + b"\1"
                and h == hashlib.sha256(b"\0" * 8 + digest + salt).digest())


def mask_function(seed, length):
    out = b""
    while len(out) < length:
        out += hashlib.sha256(seed + (len(out) // 32).to_bytes(4, "big")).digest()
    return out[:length]


def content_of(message, content_type):
    kind, content = sequence(whole(message), 2, "ContentInfo")
    need(oid(kind, "content type") == content_type, "content is not %s" % content_type)
    return sequence(content, 1, "content", 0xA0)[0]


def signed_layer(message, name, policy, signer, carries):
    """Checks a SignedData layer and gives its content."""
    fields = sequence(content_of(message, SIGNED), 5 if carries else 4, name)
    need(integer(fields[0], "version") == 1, "%s: version" % name)
    digests = set_of(fields[1], "%s: digest algorithms" % name)
    need(len(digests) == 1, "%s: one digest algorithm" % name)
    bare(digests[0], SHA256, "%s: digest algorithm" % name)
    kind, content = sequence(fields[2], 2, "%s: content" % name)
    need(oid(kind, name) == DATA, "%s: content is not id-data" % name)
    content = only(sequence(content, 1, name, 0xA0)[0], 0x04, "%s: content" % name)
    if carries:
        certificates = [c[2] for c in parts((0, only(fields[3], 0xA0, "%s: certificates" % name), b""))]
        need(certificates and certificates[0] == signer.der, "%s: the signer's certificate is not the first" % name)
    signers = set_of(fields[-1], "%s: signers" % name)
    need(len(signers) == 1, "%s: one signer" % name)
    signer_info(signers[0], name, policy, signer, content)
    return content


def signer_info(value, name, policy, signer, content):
    version, sid, digest, attributes, algorithm, signature = sequence(value, (6, 7), "%s: signer" % name)[:6]
    need(integer(version, "version") == 1, "%s: version of the signer" % name)
    need(signer.named(sid, "%s: signer" % name), "%s: another signer is named" % name)
    bare(digest, SHA256, "%s: digest of the signer" % name)
    signature_algorithm(sequence(algorithm, 2, name), policy, "%s: signature algorithm" % name)
    found = {}
    for attribute in set_of(attributes, "%s: signed attributes" % name, 0xA0):
        kind, values = sequence(attribute, 2, "%s: attribute" % name)
        values = set_of(values, "%s: attribute values" % name)
        need(len(values) == 1 and oid(kind, name) not in found, "%s: an attribute with several values" % name)
        found[oid(kind, name)] = values[0]
    need(set(found) == {CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, PROTECTION}, "%s: attributes %s" % (name, sorted(found)))
    need(oid(found[CONTENT_TYPE], name) == DATA, "%s: signed content type" % name)
    need(re.fullmatch(rb"\d{12}Z", only(found[SIGNING_TIME], 0x17, name)), "%s: signing time" % name)
    need(only(found[MESSAGE_DIGEST], 0x04, name) == hashlib.sha256(content).digest(), "%s: message digest" % name)
    protected_digest, protected_signature = sequence(found[PROTECTION], 2, "%s: algorithm protection" % name)
    bare(protected_digest, SHA256, "%s: protected digest" % name)
    signature_algorithm(parts((0, only(protected_signature, 0xA1, name), b"")), policy, "%s: protected signature" % name)
    signed = b"\x31" + attributes[2][1:]
    need(signer.verify(policy, signed, only(signature, 0x04, name)), "%s: the signature does not match" % name)


def enveloped_layer(message, key, kek):
    """Checks an EnvelopedData layer and gives its content."""
    version, recipients, encrypted = sequence(content_of(message, ENVELOPED), 3, "envelope")
    recipients = set_of(recipients, "recipients")
    shared = [r for r in recipients if r[0] == 0xA2]
    need(recipients and len(shared) <= 1, "recipients")
    need(integer(version, "version") == (2 if shared else 0), "version of the envelope")
    content_key = None
    for r in recipients:
        if r in shared:
            got = shared_recipient(r, kek)
        else:
            got = known_recipient(r, key)
        content_key = got or content_key
    need(content_key is not None, "none of the recipients has our key")
    need(len(content_key) == 16, "content key of %d bytes" % len(content_key))
    kind, cipher, content = sequence(encrypted, 3, "encrypted content")
    need(oid(kind, "encrypted content") == DATA, "encrypted content is not id-data")
    name, vector = sequence(cipher, 2, "content cipher")
    need(oid(name, "content cipher") == AES_CBC, "content cipher is not AES-128-CBC")
    vector = only(vector, 0x04, "vector")
    need(len(vector) == 16, "vector of %d bytes" % len(vector))
    return decrypt_cbc(content_key, vector, only(content, 0x80, "ciphertext"))


def known_recipient(value, key):
    version, rid, cipher, encrypted = sequence(value, 4, "known recipient")
    need(integer(version, "version") == 0, "version of a known recipient")
    serial = integer(sequence(rid, 2, "recipient")[1], "recipient")
    bare(cipher, RSA, "key cipher")
    encrypted = only(encrypted, 0x04, "encrypted key")
    if not key or serial != key[2]:
        return None
    n, d, _ = key
    octets = (n.bit_length() + 7) // 8
    need(len(encrypted) == octets, "encrypted key of %d bytes" % len(encrypted))
    block = pow(int.from_bytes(encrypted, "big"), d, n).to_bytes(octets, "big")
    end = block.find(b"\0", 2)
    need(block.startswith(b"\0\2") and end >= 10, "encrypted key is not padded by PKCS#1 v1.5")
    return block[end + 1:]


def shared_recipient(value, kek):
    version, kekid, cipher, encrypted = sequence(value, 4, "unknown recipient", 0xA2)
    need(integer(version, "version") == 4, "version of an unknown recipient")
    identifier = only(sequence(kekid, 1, "key identifier")[0], 0x04, "key identifier")
    need(oid(sequence(cipher, 1, "key cipher")[0], "key cipher") == AES_WRAP, "key cipher is not AES-128 key wrap")
    encrypted = only(encrypted, 0x04, "wrapped key")
    need(len(encrypted) == 24, "wrapped key of %d bytes" % len(encrypted))
    if not kek or identifier != kek[1]:
        return None
    schedule = expand(kek[0])
    a, halves = encrypted[:8], [encrypted[8:16], encrypted[16:]]
    for t in range(12, 0, -1):
        i = (t - 1) % 2
        a = bytes(x ^ y for x, y in zip(a, t.to_bytes(8, "big")))
        block = decrypt_block(schedule, a + halves[i])
        a, halves[i] = block[:8], block[8:]
    need(a == b"\xa6" * 8, "wrapped key does not unwrap")
    return b"".join(halves)


# AES-128, decryption only (FIPS 197).

def times2(x):
    return (x << 1 ^ (0x11B if x & 0x80 else 0)) & 0xFF


def make_boxes():
    box, p, q = [0x63] * 256, 1, 1
    while True:
        p ^= times2(p)
        for shift in (1, 2, 4):
            q ^= q << shift & 0xFF
        if q & 0x80:
            q ^= 0x09
        box[p] = q ^ 0x63
        for shift in (1, 2, 3, 4):
            box[p] ^= (q << shift | q >> 8 - shift) & 0xFF
        if p == 1:
            break
    inverse = [0] * 256
    for i, b in enumerate(box):
        inverse[b] = i
    return box, inverse


BOX, INVERSE = make_boxes()


def multiply(x, y):
    out = 0
    while y:
        if y & 1:
            out ^= x
        x, y = times2(x), y >> 1
    return out


PRODUCTS = {f: [multiply(x, f) for x in range(256)] for f in (9, 11, 13, 14)}


def expand(key):
    words, constant = [key[i:i + 4] for i in range(0, 16, 4)], 1
    for i in range(4, 44):
        word = words[-1]
        if i % 4 == 0:
            word = bytes(BOX[b] for b in word[1:] + word[:1])
            word = bytes([word[0] ^ constant]) + word[1:]
            constant = times2(constant)
        words.append(bytes(x ^ y for x, y in zip(words[i - 4], word)))
    return [b"".join(words[i:i + 4]) for i in range(0, 44, 4)]


def decrypt_block(schedule, block):
    state = [x ^ y for x, y in zip(block, schedule[10])]
    for step in range(9, -1, -1):
        state = [INVERSE[state[(i - 4 * (i % 4)) % 16]] for i in range(16)]
        state = [x ^ y for x, y in zip(state, schedule[step])]
        if step:
            mixed = []
            for c in range(0, 16, 4):
                column = state[c:c + 4]
                for r in range(4):
                    mixed.append(PRODUCTS[14][column[r]] ^ PRODUCTS[11][column[(r + 1) % 4]]
                                 ^ PRODUCTS[13][column[(r + 2) % 4]] ^ PRODUCTS[9][column[(r + 3) % 4]])
            state = mixed
    return bytes(state)


def decrypt_cbc(key, vector, ciphertext):
    need(ciphertext and len(ciphertext) % 16 == 0, "ciphertext of %d bytes" % len(ciphertext))
    schedule, out, previous = expand(key), [], vector
    for at in range(0, len(ciphertext), 16):
        block = ciphertext[at:at + 16]
        out.append(bytes(x ^ y for x, y in zip(decrypt_block(schedule, block), previous)))
        previous = block
    plain = b"".join(out)
    padding = plain[-1]
    need(1 <= padding <= 16 and plain.endswith(bytes([padding]) * padding), "padding")
    return plain[:-padding]


def private_key(der, serial):
    inner = parts(whole(only(parts(whole(der))[2], 0x04, "private key")))
    return integer(inner[1], "modulus"), integer(inner[3], "exponent"), serial


def main():
    arguments = argparse.ArgumentParser()
    for option in ("--policy", "--sender", "--author", "--key", "--serial", "--kek", "--kek-id"):
        arguments.add_argument(option)
    arguments.add_argument("sealed")
    arguments.add_argument("plain")
    a = arguments.parse_args()

    def load(path):
        with open(path, "rb") as f:
            return f.read()

    sender = Certificate(load(a.sender))
    author = Certificate(load(a.author)) if a.author else sender
    key = private_key(load(a.key), int(a.serial)) if a.key else None
    kek = (bytes.fromhex(a.kek), bytes.fromhex(a.kek_id)) if a.kek else None
    try:
        envelope = signed_layer(load(a.sealed), "outer layer", a.policy, sender, carries=True)
        inner = enveloped_layer(envelope, key, kek)
        plain = signed_layer(inner, "inner layer", a.policy, author, carries=bool(a.author))
    except Deviation as deviation:
        sys.exit("deviation: %s" % deviation)
    with open(a.plain, "wb") as f:
        f.write(plain)


if __name__ == "__main__":
    main()
