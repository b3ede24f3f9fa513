"""Wrote the files beside it with PyTorch 2.11 and numpy; kept to show what is in them. Not run by any test."""
import argparse, collections, pickle, sys, types
import numpy as np
import torch


def ramp(*shape, dtype=torch.float32, start=0):
    n = int(np.prod(shape)) if shape else 1
    return (torch.arange(n, dtype=torch.float64) * 0.5 + start).to(dtype).reshape(shape)


net = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
with torch.no_grad():
    for i, t in enumerate(net.state_dict().values()):
        t.copy_(ramp(*t.shape, start=i).to(t.dtype))
torch.save(net.state_dict(), "zip_state_dict.pt")
torch.save(net.state_dict(), "legacy_state_dict.pth", _use_new_zipfile_serialization=False)
torch.save({"epoch": 3, "state_dict": {"module." + k: v for k, v in net.state_dict().items()}}, "data_parallel.pt")

base = ramp(4, 6)
everything = {
    "args": argparse.Namespace(lr=0.1, name="x"),
    "epoch": 3,
    "losses": [1.0, 2.5],
    "when": np.float64(1.5),
    "model": collections.OrderedDict(
        [("whole", base), ("rows", base[1:3]), ("turned", base.t()), ("step", base[:, ::2])]
        + [(str(d).split(".")[1], ramp(3, 2, dtype=d)) for d in (torch.float64, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.uint16)]
        + [("bool", torch.tensor([True, False, True])), ("scalar", torch.tensor(7.0)), ("empty", torch.zeros(0, 3)), ("parameter", torch.nn.Parameter(ramp(2)))]
    ),
    "array": np.arange(6, dtype=np.float32).reshape(2, 3),
}
torch.save(everything, "zip_everything.pt")
torch.save(everything, "legacy_everything.pt", _use_new_zipfile_serialization=False)
torch.save(net, "whole_module.pt")
torch.jit.script(net).save("torchscript.pt")

# The layout of NVIDIA's pickled modules: a module whose reduction names a function and hands it source text, init arguments and attributes.
persistence = types.ModuleType("torch_utils.persistence")
sys.modules["torch_utils"] = types.ModuleType("torch_utils")
sys.modules["torch_utils.persistence"] = persistence
dnnlib = types.ModuleType("dnnlib.util")
sys.modules["dnnlib"] = types.ModuleType("dnnlib")
sys.modules["dnnlib.util"] = dnnlib


class EasyDict(dict):
    pass


EasyDict.__module__, EasyDict.__qualname__ = "dnnlib.util", "EasyDict"
dnnlib.EasyDict = EasyDict


def _reconstruct_persistent_obj(meta):
    raise AssertionError("never called")


_reconstruct_persistent_obj.__module__, _reconstruct_persistent_obj.__qualname__ = "torch_utils.persistence", "_reconstruct_persistent_obj"
persistence._reconstruct_persistent_obj = _reconstruct_persistent_obj


class Persistent:
    def __reduce__(self):
        meta = dict(type="class", version=6, module_src="import os; os.system('touch /tmp/should-not-exist')", class_name=type(self).__name__, state=self.__dict__)
        return _reconstruct_persistent_obj, (meta,), None


class Layer(Persistent, torch.nn.Module):
    def __init__(self, width):
        torch.nn.Module.__init__(self)
        self.weight = torch.nn.Parameter(ramp(width, 2, start=1))
        self.register_buffer("filter", ramp(4))
        self.register_buffer("scratch", ramp(3), persistent=False)


class Generator(Persistent, torch.nn.Module):
    def __init__(self, start, **kwargs):
        torch.nn.Module.__init__(self)
        self._init_args = ()
        self._init_kwargs = EasyDict(kwargs)
        self.mapping = Layer(3)
        self.act = torch.nn.ReLU()
        self.bias = torch.nn.Parameter(ramp(2, start=start))


snapshot = {
    "training_set_kwargs": EasyDict(class_name="training.dataset.ImageFolderDataset", resolution=8),
    "G": Generator(0, z_dim=3, synthesis_kwargs=EasyDict(channel_base=64, num_fp16_res=0)),
    "G_ema": Generator(100, z_dim=3, synthesis_kwargs=EasyDict(channel_base=64, num_fp16_res=0)),
    "augment_pipe": None,
}
for protocol in (2, 3, 4):
    with open(f"nvidia_protocol{protocol}.pkl", "wb") as f:
        pickle.dump(snapshot, f, protocol=protocol)


# A StyleGAN2 generator as NVIDIA's snapshots hold it, from the weights of a reference case (path of its folder as the only argument).
if len(sys.argv) > 1:
    import json

    def read_safetensors(path):
        raw = open(path, "rb").read()
        n = int.from_bytes(raw[:8], "little")
        dtypes = {"F32": np.float32, "I64": np.int64}
        return {
            name: torch.from_numpy(np.frombuffer(raw[8 + n + t["data_offsets"][0] : 8 + n + t["data_offsets"][1]], dtypes[t["dtype"]]).reshape(t["shape"]).copy())
            for name, t in json.loads(raw[8 : 8 + n]).items()
            if name != "__metadata__"
        }

    class Module(Persistent, torch.nn.Module):
        def __init__(self, tensors):
            torch.nn.Module.__init__(self)
            for name in dict.fromkeys(k.split(".")[0] for k in tensors):
                inner = {k[len(name) + 1 :]: v for k, v in tensors.items() if k.startswith(name + ".")}
                if inner:
                    self.add_module(name, Module(inner))
                elif name in ("resample_filter", "noise_const", "w_avg"):
                    self.register_buffer(name, tensors[name])
                else:
                    self.register_parameter(name, torch.nn.Parameter(tensors[name]))

    args = json.load(open(sys.argv[1] + "/meta.json"))["args"]
    weights = read_safetensors(sys.argv[1] + "/weights.safetensors")
    generators = {}
    for key, scale in (("G", 0.5), ("G_ema", 1.0)):
        generators[key] = Module({k: v * scale for k, v in weights.items()})
        generators[key]._init_args = ()
        generators[key]._init_kwargs = EasyDict({k: EasyDict(v) if isinstance(v, dict) else v for k, v in args.items()})
    with open("stylegan2.pkl", "wb") as f:
        pickle.dump({"training_set_kwargs": None, **generators}, f)
