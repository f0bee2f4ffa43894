"""A token of SoftHSM in a folder of the test's own."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pkcs11
from pkcs11 import Attribute, KeyType

from registry.protect.providers.pkcs11 import ModuleKey

PIN = "sesame-2468"
_PLACES = ("/usr/lib/softhsm", "/usr/lib/*/softhsm", "/usr/lib64/softhsm", "/usr/lib64/pkcs11")


def module_path() -> Path:
    """Return SoftHSM's library, wherever the system has put it."""
    for place in _PLACES:
        for found in sorted(Path("/").glob(f"{place.lstrip('/')}/libsofthsm2.so")):
            return found
    raise FileNotFoundError("SoftHSM is not installed: the Debian package is softhsm2")


@dataclass(frozen=True, kw_only=True)
class SoftHsm:
    """SoftHSM reads where its tokens are once a process: so all tests share one folder, and each has its own token."""

    folder: Path

    @classmethod
    def start(cls, folder: Path) -> SoftHsm:
        (folder / "tokens").mkdir(mode=0o700)
        (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")
        return cls(folder=folder)

    def token(self, label: str, *, pin: str = PIN) -> ModuleKey:
        """Make a token and say where its key `root` will be found."""
        arguments = ["--init-token", "--free", "--label", label, "--so-pin", "1357911", "--pin", pin]
        subprocess.run(["softhsm2-util", *arguments], check=True, capture_output=True)
        pkcs11.lib(str(module_path())).reinitialize()  # a new token is seen at the start only
        pin_file = self.folder / f"{label}.pin"
        pin_file.touch(mode=0o600)
        pin_file.write_text(pin + "\n")
        return ModuleKey(module=module_path(), token=label, key="root", pin_file=pin_file)

    def put(
        self, key: ModuleKey, *, bits: int = 256, extractable: bool = False, encrypts: bool = True, label: str = "root"
    ) -> None:
        """Put a new AES key into the token."""
        token = pkcs11.lib(str(key.module)).get_token(token_label=key.token)
        template = {Attribute.EXTRACTABLE: extractable, Attribute.SENSITIVE: not extractable}
        template |= {Attribute.ENCRYPT: encrypts, Attribute.DECRYPT: True}
        with token.open(rw=True, user_pin=PIN) as session:
            session.generate_key(KeyType.AES, bits, label=label, id=b"\x07", store=True, template=template)

    def remove(self, key: ModuleKey) -> None:
        """Delete the token's keys."""
        token = pkcs11.lib(str(key.module)).get_token(token_label=key.token)
        with token.open(rw=True, user_pin=PIN) as session:
            for found in list(session.get_objects()):
                found.destroy()
