#!/usr/bin/env python3
"""PyTorch and Hugging Face transformers on the shapes of Mistral 7B, for perf/cuda: lines of JSON, each printed as soon as it is known.

    torch_peer.py [--device cuda|cpu] [--quick] [--only NAME] [--seconds N]

Measurements, NAME each:
    copy       page-locked host memory to the device, and a copy within the device: GB/s
    matmul     torch.matmul of a prompt's tokens with all matrices of all layers, in bfloat16: seconds
    attention  one layer's heads over a long text: milliseconds of sdpa, full causal, and of flex_attention, that and with a window
    prefill    MistralForCausalLM with random weights, sdpa: tokens per second of a prompt, as it is and compiled
    decode     the same with a static cache, compiled into CUDA graphs and as it is: tokens per second of decoding
What can be done in several ways is tried in each, and the last line that names a figure has its best. A measurement or a way that cannot run
says why in an "error", and the others go on. No further way begins N seconds after the start.
"""
import argparse
import gc
import inspect
import json
import statistics
import time

import torch

BEGAN = time.monotonic()
LAYERS, DIM, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY, WINDOW = 32, 4096, 14336, 32, 8, 128, 32000, 4096
PROMPT, LONG, DEPTH, DECODED, REPETITIONS, COPIED, SECONDS = 4096, 16384, 512, 128, 5, 1 << 30, 150


def quick_shapes():
    """Small ones, to try this file itself."""
    global LAYERS, DIM, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY, WINDOW, PROMPT, LONG, DEPTH, DECODED, REPETITIONS, COPIED
    LAYERS, DIM, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY, WINDOW = 2, 64, 128, 4, 2, 16, 100, 32
    PROMPT, LONG, DEPTH, DECODED, REPETITIONS, COPIED = 32, 256, 16, 4, 2, 1 << 20


def synchronize(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def seconds(device, run, prepare=lambda: None):
    """The median of a few runs, each waited for, after three that warm up and compile; before each PREPARE is run, unmeasured."""
    times = []
    for repetition in range(-3, REPETITIONS):
        prepare()
        synchronize(device)
        begin = time.perf_counter()
        run()
        synchronize(device)
        if repetition >= 0:
            times.append(time.perf_counter() - begin)
    return statistics.median(times)


def reason(error):
    """What went wrong in a line, and what was behind it."""
    behind = error.__cause__
    text = " ".join(f"{type(error).__name__}: {error}".split())[:240]
    return f"{text} <- {reason(behind)}" if behind else text


def in_ways(figure, ways, best=max):
    """Yields what each way measures under its own name, with the best so far as the figure's."""
    found = []
    for way, run in ways.items():
        if time.monotonic() - BEGAN > SECONDS:
            yield {f"{figure}_{way}_error": "left out, no time"}
            continue
        begin = time.monotonic()
        try:
            found.append(run())
            figures = {figure: best(found), f"{figure}_{way}": found[-1]}
        except Exception as error:
            figures = {f"{figure}_{way}_error": reason(error)}
        skips = torch._dynamo.utils.counters["inductor"].pop("cudagraph_skips", 0)
        yield figures | ({"cudagraph_skips": skips} if skips else {}) | {"took_seconds": time.monotonic() - begin}
        # What is compiled holds memory, and the next way is to begin anew.
        torch._dynamo.reset()
        gc.collect()


def copy(device):
    host = torch.ones(COPIED, dtype=torch.uint8, pin_memory=device.type == "cuda")
    there = torch.empty(COPIED, dtype=torch.uint8, device=device)
    other = torch.empty_like(there)
    yield {"host_to_device_gb_per_second": COPIED / seconds(device, lambda: there.copy_(host, non_blocking=True)) / 1e9}
    # Read and written, as ours counts.
    yield {"copy_gb_per_second": 2 * COPIED / seconds(device, lambda: other.copy_(there)) / 1e9}


def matmul(device):
    shapes = [((HEADS + 2 * KV_HEADS) * HEAD_DIM, DIM), (DIM, HEADS * HEAD_DIM), (2 * FEED_FORWARD, DIM), (DIM, FEED_FORWARD)]
    total, operations = 0.0, 0
    for rows, columns in shapes:
        # Some layers' weights, so that they do not stay in the caches, and one wait is little beside them.
        weights = [torch.randn(rows, columns, dtype=torch.bfloat16, device=device) for _ in range(8)]
        tokens = torch.randn(PROMPT, columns, dtype=torch.bfloat16, device=device)
        output = torch.empty(PROMPT, rows, dtype=torch.bfloat16, device=device)

        def run():
            for weight in weights:
                torch.matmul(tokens, weight.t(), out=output)

        total += seconds(device, run) / len(weights) * LAYERS
        operations += 2 * PROMPT * rows * columns * LAYERS
    yield {"tokens": PROMPT, "matmul_seconds": total, "matmul_tflops": operations / total / 1e12}


def attention(device):
    def random(heads):
        return torch.randn(1, heads, LONG, HEAD_DIM, dtype=torch.bfloat16, device=device)

    query = random(HEADS)
    # Keys and values once for each query head, which every version and way takes.
    key, value = (random(KV_HEADS).repeat_interleave(HEADS // KV_HEADS, dim=1) for _ in range(2))

    def milliseconds(run):
        return seconds(device, run) * 1e3

    def sdpa(backend=None):
        def run():
            return torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)

        if backend is None:
            return milliseconds(run)
        from torch.nn.attention import SDPBackend, sdpa_kernel

        with sdpa_kernel(getattr(SDPBackend, backend)):
            return milliseconds(run)

    def flex(window):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention

        def seen(batch, head, at, before):
            return (at >= before) & (at - before < window)

        mask = create_block_mask(seen, None, None, LONG, LONG, device=device)
        compiled = torch.compile(flex_attention, dynamic=False)
        return milliseconds(lambda: compiled(query, key, value, block_mask=mask))

    yield {"length": LONG, "window": WINDOW}
    yield from in_ways("sdpa_ms", {
        "default": sdpa, "flash": lambda: sdpa("FLASH_ATTENTION"), "cudnn": lambda: sdpa("CUDNN_ATTENTION"),
    }, best=min)
    yield from in_ways("flex_windowed_ms", {"compiled": lambda: flex(WINDOW)}, best=min)
    yield from in_ways("flex_full_ms", {"compiled": lambda: flex(LONG)}, best=min)


def random_model(device):
    from transformers import AutoModelForCausalLM, MistralConfig

    # Texts here are not longer than the window, so a model without one computes the same, and may have the static cache in every version.
    config = MistralConfig(
        vocab_size=VOCABULARY, hidden_size=DIM, intermediate_size=FEED_FORWARD, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS, head_dim=HEAD_DIM, max_position_embeddings=8 * WINDOW, sliding_window=None)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:
            model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa")
    finally:
        torch.set_default_dtype(before)
    # One that had another type would be twice as large.
    kinds = {(parameter.dtype, parameter.device.type) for parameter in model.parameters()}
    if kinds != {(torch.bfloat16, device.type)}:
        raise RuntimeError(f"the model's parameters are {kinds}")
    return model.eval()


def static_cache(model, device, length):
    from transformers import StaticCache

    # What it takes has changed between versions.
    for size in ("max_batch_size", "batch_size"):
        try:
            return StaticCache(config=model.config, max_cache_len=length, device=device, dtype=torch.bfloat16, **{size: 1})
        except TypeError:
            continue
    return StaticCache(config=model.config, max_cache_len=length)


def taken(model):
    """What the model takes in this version of: where the tokens are, and that the last token's logits are enough; all of a prompt's nobody wants."""
    parameters = inspect.signature(model.forward).parameters
    keep = {name: 1 for name in ("logits_to_keep", "num_logits_to_keep") if name in parameters}
    return lambda at: keep | {"use_cache": True} | ({"cache_position": at} if "cache_position" in parameters else {})


def prefill(device):
    model = random_model(device)
    # Not all the same: a GPU multiplies such faster.
    prompt = torch.randint(VOCABULARY, (1, PROMPT), device=device)
    more = taken(model)(torch.arange(PROMPT, device=device))

    def read(forward):
        # The cache is made while it is read: with a static one sdpa would be given a mask, and not be flash attention.
        return PROMPT / seconds(device, lambda: forward(prompt, **more).logits)

    def compiled():
        # Compiled code makes a mask all the same, unless the attention is one that transformers knows no mask of.
        from transformers import AttentionInterface
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        AttentionInterface.register("sdpa_without_mask", sdpa_attention_forward)
        model.set_attn_implementation("sdpa_without_mask")
        return read(torch.compile(model.forward, dynamic=False))

    with torch.no_grad():
        yield from in_ways("prefill_tokens_per_second", {"eager": lambda: read(model.forward), "compiled": compiled})


def decode(device):
    model = random_model(device)
    prompt = torch.randint(VOCABULARY, (1, DEPTH), device=device)
    taking = taken(model)
    first = taking(torch.arange(DEPTH, device=device))
    # One tensor each: views of one are not aligned as compiled code wants it.
    following = [taking(torch.tensor([at], device=device)) for at in range(DEPTH, DEPTH + DECODED)]

    def generate(forward):
        cache = static_cache(model, device, DEPTH + DECODED)

        def begin():
            cache.reset()
            # Not compiled, as generate() does it, which makes the cache's tensors outside of the CUDA graph.
            model.forward(prompt, past_key_values=cache, **first)

        def go_on():
            token = torch.zeros(1, 1, dtype=torch.long, device=device)
            for more in following:
                token = forward(token, past_key_values=cache, **more).logits[:, -1:].argmax(dim=-1)
                # Read back, as who prints a text does.
                token.item()

        return DECODED / seconds(device, go_on, prepare=begin)

    with torch.no_grad():
        yield from in_ways("decode_tokens_per_second", {
            # What generate() does with a static cache.
            "compiled": lambda: generate(torch.compile(model.forward, mode="reduce-overhead")),
            # The same, and products with one token as kernels of its own that are tuned.
            "tuned": lambda: generate(torch.compile(model.forward, mode="max-autotune")),
            "eager": lambda: generate(model.forward),
        })


MEASUREMENTS = {"copy": copy, "matmul": matmul, "attention": attention, "prefill": prefill, "decode": decode}


def main():
    global SECONDS
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--only", choices=MEASUREMENTS)
    arguments.add_argument("--seconds", type=float, default=SECONDS)
    options = arguments.parse_args()
    SECONDS = options.seconds
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit("torch sees no CUDA device")
    if options.quick:
        quick_shapes()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    about = {"torch": torch.__version__, "device": name}

    def say(measurement, figures):
        rounded = {key: float(f"{value:.5g}") if isinstance(value, float) else value for key, value in figures.items()}
        print(json.dumps({"measurement": measurement, **about, **rounded}), flush=True)

    for measurement, run in MEASUREMENTS.items():
        if options.only not in (None, measurement):
            continue
        try:
            for figures in run(device):
                say(measurement, figures)
        except Exception as error:
            say(measurement, {"error": reason(error)})
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
