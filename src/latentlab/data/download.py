"""Files of data sets from mirrors, with known hashes."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pooch
from requests import exceptions as http
from urllib3.exceptions import NewConnectionError

from latentlab.data.images import DataError
from latentlab.files import arrays

_CONNECT_SECONDS, _READ_SECONDS = 10, 30


_ATTEMPTS = 3  # per mirror, where a transfer breaks


class Unreachable(DataError):
    """No mirror could be reached."""


def fetch(
    name: str,
    source: str | None,
    mirrors: Sequence[str],
    sha256: Mapping[str, str],
    cache_dir: str | Path,
) -> dict[str, Path]:
    """Obtain the files of a data set into a folder; return their paths by file name.

    name : the data set, e.g. "mnist"
    source : a folder or URL laid out <data set>/<file> that is asked first, the value of the
        environment variable DATA_MIRROR; None or "" for none
    mirrors : URLs (or folders) that hold the files themselves, tried in turn
    sha256 : expected hash, hexadecimal, by file name
    cache_dir : where the files go; one that is there with the right hash is not fetched again

    A transfer that breaks is repeated; a mirror that cannot be reached, or lacks the file, is
    passed over. A file with another hash is an error at once: it says that the mirror, or the
    hash, is not what the reader believes, and no other mirror may hide that.
    Raises DataError for a wrong hash, Unreachable where no mirror is left; each one line.
    """
    places = [f"{source.rstrip('/')}/{name}"] if source else []
    places += [mirror.rstrip("/") for mirror in mirrors]
    dead: dict[str, str] = {}
    return {
        file: _obtain(name, file, digest.lower(), places, dead, Path(cache_dir) / file)
        for file, digest in sha256.items()
    }


class _Failure(Exception):
    """One place does not give the file; ``dead`` where it will not give any other either."""

    def __init__(self, reason: str, dead: bool = False) -> None:
        super().__init__(reason)
        self.dead = dead


def _obtain(
    name: str, file: str, digest: str, places: Sequence[str], dead: dict[str, str], target: Path
) -> Path:
    """One file from the first place that has it. ``dead`` places are skipped, and added to."""
    if target.exists() and pooch.file_hash(str(target)) == digest:
        return target
    reasons = []
    for place in places:
        if place in dead:
            reasons.append(f"{place} ({dead[place]})")
            continue
        try:
            with arrays.replacing(target) as temporary:
                _transfer(place, file, temporary)
                obtained = pooch.file_hash(str(temporary))
                if obtained != digest:
                    raise DataError(
                        f"{name}: {file} from {place} is not the file expected: "
                        f"sha256 {digest} expected, {obtained} obtained"
                    )
            return target
        except _Failure as failure:
            reasons.append(f"{place} ({failure})")
            if failure.dead:
                dead[place] = str(failure)
    raise Unreachable(
        f"{name}: {file} cannot be had from {', '.join(reasons) or 'anywhere, no mirror is given'}"
        f"; take {name} out of vae.datasets in params.yaml, or set DATA_MIRROR to a folder or URL "
        "laid out <dataset>/<file>"
    )


def _transfer(place: str, file: str, target: Path) -> None:
    """Copy or download one file; raises _Failure. Errors of the local disk pass through."""
    folder = _folder(place)
    if folder is not None:
        if not (folder / file).is_file():
            raise _Failure("no such file")
        shutil.copyfile(folder / file, target)
        return
    download = pooch.HTTPDownloader(
        progressbar=sys.stderr.isatty(),
        chunk_size=2**16,
        timeout=(_CONNECT_SECONDS, _READ_SECONDS),
    )
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            # pooch itself is not asked (None): hash and retries are ours
            download(f"{place}/{file}", str(target), None)
            return
        except http.RequestException as error:
            reason, again, dead = _diagnosis(error)
            if not again or attempt == _ATTEMPTS:
                raise _Failure(reason, dead) from error
            time.sleep(0.5 * attempt)


def _folder(place: str) -> Path | None:
    """The folder that a place names, None where it is a URL to download from."""
    if place.startswith("file://"):
        return Path(unquote(urlsplit(place).path))
    return None if "://" in place else Path(place)


def _diagnosis(error: http.RequestException) -> tuple[str, bool, bool]:
    """Reason in a few words; whether to try again; whether the whole mirror is out of reach."""
    if isinstance(error, http.HTTPError) and error.response is not None:
        status = error.response.status_code
        return f"HTTP status {status}", status >= 500 or status == 429, False
    # requests hides the cause of a ConnectionError in urllib3's MaxRetryError
    cause = getattr(error.args[0], "reason", None) if error.args else None
    if isinstance(error, http.ConnectTimeout | http.ProxyError | http.SSLError) or isinstance(
        cause, NewConnectionError
    ):
        return "no connection", False, True
    if isinstance(error, http.ConnectionError | http.Timeout | http.ChunkedEncodingError):
        return "the transfer broke off", True, False
    return type(error).__name__, False, True
