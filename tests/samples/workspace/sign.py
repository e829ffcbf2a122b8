"""Sign MESSAGE with the secret SIGNING_TOKEN and write data_out/signature.json; the token goes nowhere."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
from pathlib import Path

if __name__ == "__main__":
    token = os.environ.get("SIGNING_TOKEN", "")
    if not token:
        sys.exit("error: SIGNING_TOKEN is not set; the manifest takes it from a variable of your shell")
    message = os.environ["MESSAGE"]
    signature = hmac.new(token.encode(), message.encode(), hashlib.sha256).hexdigest()
    out = Path("data_out")
    out.mkdir(exist_ok=True)
    (out / "signature.json").write_text(
        json.dumps({"message": message, "hmac_sha256": signature}, indent=2) + "\n", encoding="utf-8"
    )
    print(f"signed a message of {len(message)} characters")
