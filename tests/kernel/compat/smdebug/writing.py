"""Writes folders as smdebug's hook does: slow, obvious code, made from the description of the formats."""

from __future__ import annotations

import json
import struct

CODES = {"float32": 1, "float64": 2, "int32": 3, "uint8": 4, "int16": 5, "int8": 6, "complex64": 8, "int64": 9,
         "bool": 10, "uint16": 17, "complex128": 18, "float16": 19, "uint32": 22, "uint64": 23}  # fmt: skip
MODES = {"TRAIN": 1, "EVAL": 2, "PREDICT": 3, "GLOBAL": 4}


def crc32c(data):
    """Compute bit by bit."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0x82F63B78 if crc % 2 else crc >> 1
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) % 2**32


def varint(number):
    number %= 2**64
    out = b""
    while number > 127:
        out += bytes([number % 128 + 128])
        number //= 128
    return out + bytes([number])


def field(number, value):
    if isinstance(value, int):
        return varint(number * 8) + varint(value)
    return varint(number * 8 + 2) + varint(len(value)) + value


def tensor_proto(array):
    shape = b"".join(field(2, field(1, size)) for size in array.shape)
    if array.dtype.kind == "U":
        return field(2, shape) + b"".join(field(8, text.encode()) for text in array.ravel().tolist())
    return field(1, CODES[array.dtype.name]) + field(2, shape) + field(4, array.tobytes())


def event(name, array, step, mode, mode_step):
    def plugin(key, value):
        return field(1, field(1, key.encode()) + field(2, str(value).encode()))

    metadata = plugin("mode_step", mode_step) + plugin("mode", MODES[mode])
    value = field(1, name.encode()) + field(8, tensor_proto(array)) + field(9, metadata)
    return struct.pack("<Bd", 9, 1.5) + field(2, step) + field(5, field(1, value))


def record(payload, *, checked=True):
    length = struct.pack("<Q", len(payload))
    check = struct.pack("<I", masked(payload)) if checked else b"\xb3\xc0\x2d\x06"
    return length + struct.pack("<I", masked(length)) + payload + check


class Writer:
    """One worker's part of a folder."""

    def __init__(self, folder, worker="worker_0", workers=1, collections=None):
        self.folder, self.worker = folder, worker
        described = {
            name: {"name": name, "include_regex": patterns, "tensor_names": [], "reduction_config": None}
            for name, patterns in (collections or {}).items()
        }
        content = {"collections": described, "_meta": {"num_workers": workers}}
        self.put(f"collections/000000000/{worker}_collections.json", json.dumps(content).encode())

    def put(self, name, content):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(content)
        temporary.rename(path)

    def step(self, step, tensors, mode="GLOBAL", mode_step=None, shapes=None):
        mode_step = step if mode_step is None else mode_step
        name = f"events/{step:012}/{step:012}_{self.worker}.tfevents"
        data, entries = b"", []
        for tensor, array in tensors.items():
            one = record(event(tensor, array, step, mode, mode_step), checked=False)
            entries.append({"tensorname": tensor, "start_idx": len(data), "length": len(one)})
            data += one
        self.put(name, data)
        index = {
            "meta": {"mode": mode, "mode_step": mode_step, "event_file_name": name},
            "tensor_payload": entries,
            "shape_payload": [
                {"tensorname": tensor, "originalname": tensor, "shape": list(shape)}
                for tensor, shape in (shapes or {}).items()
            ],
        }
        self.index(step, index)

    def index(self, step, content):
        written = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.put(f"index/{step // 1000:09}/{step:012}_{self.worker}.json", written)

    def end(self):
        self.put("training_job_end.ts", b"")
