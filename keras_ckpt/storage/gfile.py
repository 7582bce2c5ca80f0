"""TensorFlow's file system, with those methods of fsspec's that are used here."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import shutil
from types import ModuleType
from typing import IO, Any, Callable, ContextManager, Iterator

from keras_ckpt import runtime
from keras_ckpt._typing import FileInfo

_PIECE = 1 << 20


class GFile:
    """The places that only TensorFlow knows, such as `ram://`.

    Its methods are those of `fsspec.AbstractFileSystem`, with whole URLs for paths.
    """

    protocol = "gfile"

    @property
    def _gfile(self) -> ModuleType:
        found: ModuleType = runtime.tensorflow().io.gfile
        return found

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        """Makes errors of the system of TensorFlow's."""
        kinds = runtime.tensorflow().errors
        try:
            yield
        except kinds.NotFoundError as error:
            raise FileNotFoundError(errno.ENOENT, str(error.message)) from error
        except (kinds.PermissionDeniedError, kinds.UnauthenticatedError) as error:
            raise PermissionError(errno.EACCES, str(error.message)) from error
        except kinds.OpError as error:
            raise OSError(errno.EIO, str(error.message)) from error

    def invalidate_cache(self) -> None:
        """Does nothing: nothing is kept."""

    def info(self, path: str) -> FileInfo:
        with self._errors():
            found = self._gfile.stat(path)
            parent, _, name = path.rstrip("/").rpartition("/")
            if found.is_directory and not parent.endswith("/"):
                # Of `ram://` it is one, too, if there are only names that begin so.
                if name not in [each.rstrip("/") for each in self._gfile.listdir(parent)]:
                    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        kind = "directory" if found.is_directory else "file"
        when = getattr(found, "mtime_nsec", 0)
        return {"name": path, "size": found.length, "type": kind, "mtime": when / 1e9}

    def ls(self, path: str, detail: bool = True) -> list[FileInfo]:
        with self._errors():
            names = self._gfile.listdir(path)
        return [self.info(path.rstrip("/") + "/" + name.rstrip("/")) for name in names]

    def find(self, path: str, detail: bool = True) -> dict[str, FileInfo]:
        if not self._gfile.exists(path):
            return {}
        found = {}
        with self._errors():
            for folder, _, names in self._gfile.walk(path):
                for name in names:
                    file = folder.rstrip("/") + "/" + name
                    found[file] = self.info(file)
        return found

    def cat_file(self, path: str, start: int | None = None, end: int | None = None) -> bytes:
        with self._errors(), self._gfile.GFile(path, "rb") as file:
            file.seek(start or 0)
            data: bytes = file.read(-1 if end is None else end - (start or 0))
            return data

    def get_file(self, path: str, target: str) -> None:
        with self._errors(), self._gfile.GFile(path, "rb") as file, open(target, "wb") as made:
            shutil.copyfileobj(file, made, _PIECE)

    def put_file(self, source: str, path: str) -> None:
        with self._errors():
            self._gfile.copy(source, path, overwrite=True)
            if self._gfile.stat(path).length != os.path.getsize(source):
                # TensorFlow's own `ram://` appends to what is there.
                self._gfile.remove(path)
                self._gfile.copy(source, path)

    def open(self, path: str, mode: str = "wb", **_: object) -> _Written:
        with self._errors():
            if self._gfile.exists(path):
                self._gfile.remove(path)
            return _Written(self._gfile.GFile(path, mode), self._errors)

    def cp_file(self, source: str, target: str) -> None:
        with self._errors():
            self._gfile.copy(source, target, overwrite=True)

    def mv(self, source: str, target: str) -> None:
        with self._errors():
            self._gfile.rename(source, target, overwrite=True)

    def rm_file(self, path: str) -> None:
        with self._errors():
            self._gfile.remove(path)

    def rm(self, path: str, recursive: bool = False) -> None:
        with self._errors():
            self._gfile.rmtree(path)

    def makedirs(self, path: str, exist_ok: bool = True) -> None:
        with self._errors():
            self._gfile.makedirs(path)


class _Written(io.RawIOBase):
    """A file that is written. TensorFlow's takes no other buffer than bytes."""

    def __init__(self, file: IO[bytes], errors: Callable[[], ContextManager[None]]) -> None:
        self._file, self._errors = file, errors

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        content = bytes(data)
        with self._errors():
            self._file.write(content)
        return len(content)

    def tell(self) -> int:
        return int(self._file.tell())

    def flush(self) -> None:
        with self._errors():
            self._file.flush()

    def close(self) -> None:
        if not self.closed:
            try:
                with self._errors():
                    self._file.close()
            finally:
                super().close()
