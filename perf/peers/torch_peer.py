#!/usr/bin/env python3
"""PyTorch and Hugging Face transformers on the shapes of Mistral 7B, for perf/cuda: each measurement is a line of JSON.

    torch_peer.py [--device cuda|cpu] [--quick] [--only NAME]

Measurements, NAME each:
    copy          page-locked host memory to the device, and a copy within the device: GB/s
    matmul        torch.matmul of a prompt's tokens with all matrices of all layers, in bfloat16: seconds
    attention     sdpa of one layer's heads over a long text, full causal: milliseconds
    transformers  MistralForCausalLM with random weights, sdpa, a static cache and torch.compile: tokens per second of a prompt and of decoding
One that cannot run says why in "error", and the others go on.
"""
import argparse
import gc
import json
import statistics
import sys
import time

import torch

LAYERS, DIM, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY, WINDOW = 32, 4096, 14336, 32, 8, 128, 32000, 4096
PROMPT, LONG, DEPTH, DECODED, REPETITIONS = 4096, 16384, 512, 128, 5


def quick_shapes():
    """Small ones, to try this file itself."""
    global LAYERS, DIM, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY, WINDOW, PROMPT, LONG, DEPTH, DECODED, REPETITIONS
    LAYERS, DIM, FEED_FORWARD, HEADS, KV_HEADS, HEAD_DIM, VOCABULARY, WINDOW = 2, 64, 128, 4, 2, 16, 100, 32
    PROMPT, LONG, DEPTH, DECODED, REPETITIONS = 32, 64, 16, 4, 2


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


def first_line(error):
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def copy(device):
    size = 1 << 20 if REPETITIONS == 2 else 1 << 28
    host = torch.ones(size, dtype=torch.uint8, pin_memory=device.type == "cuda")
    there = torch.empty(size, dtype=torch.uint8, device=device)
    other = torch.empty_like(there)
    return {
        "host_to_device_gb_per_second": size / seconds(device, lambda: there.copy_(host, non_blocking=True)) / 1e9,
        # Read and written, as ours counts.
        "copy_gb_per_second": 2 * size / seconds(device, lambda: other.copy_(there)) / 1e9,
    }


def matmul(device):
    shapes = [((HEADS + 2 * KV_HEADS) * HEAD_DIM, DIM), (DIM, HEADS * HEAD_DIM), (2 * FEED_FORWARD, DIM), (DIM, FEED_FORWARD)]
    total, operations = 0.0, 0
    for rows, columns in shapes:
        # A few layers' weights, so that they do not stay in the caches.
        weights = [torch.randn(rows, columns, dtype=torch.bfloat16, device=device) for _ in range(4)]
        tokens = torch.randn(PROMPT, columns, dtype=torch.bfloat16, device=device)
        output = torch.empty(PROMPT, rows, dtype=torch.bfloat16, device=device)

        def run():
            for weight in weights:
                torch.matmul(tokens, weight.t(), out=output)

        total += seconds(device, run) / len(weights) * LAYERS
        operations += 2 * PROMPT * rows * columns * LAYERS
    return {"tokens": PROMPT, "matmul_seconds": total, "matmul_tflops": operations / total / 1e12}


def attention(device):
    def random(heads):
        return torch.randn(1, heads, LONG, HEAD_DIM, dtype=torch.bfloat16, device=device)

    query = random(HEADS)
    # Keys and values once for each query head, which every version of sdpa takes.
    key, value = (random(KV_HEADS).repeat_interleave(HEADS // KV_HEADS, dim=1) for _ in range(2))
    run = lambda: torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True)
    return {"length": LONG, "sdpa_ms": seconds(device, run) * 1e3}


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
    if next(model.parameters()).dtype != torch.bfloat16:
        model = model.to(torch.bfloat16)
    return model.eval()


def static_cache(model, device, length):
    from transformers import StaticCache

    # What it takes has changed between versions.
    for more in ({"max_batch_size": 1}, {"batch_size": 1}, {}):
        try:
            return StaticCache(config=model.config, max_cache_len=length, device=device, dtype=torch.bfloat16, **more)
        except TypeError:
            continue
    return StaticCache(config=model.config, max_cache_len=length)


def last_logits(forward):
    """Calls with the logits of the last token alone, where the version can: all of a prompt are wanted by nobody."""
    def call(ids, **more):
        for name in ("logits_to_keep", "num_logits_to_keep"):
            try:
                return forward(ids, use_cache=True, **{name: 1}, **more).logits
            except TypeError as error:
                if name not in str(error):
                    raise
        return forward(ids, use_cache=True, **more).logits

    return call


def attempts(result, name, ways):
    """The best of several ways, by name, in tokens per second; of those that fail the reason."""
    for way, run in ways.items():
        try:
            speed = run()
        except Exception as error:
            result[f"{name}_{way}_error"] = first_line(error)
            continue
        result[f"{name}_{way}"] = speed
        result[f"{name}_tokens_per_second"] = max(speed, result.get(f"{name}_tokens_per_second", 0))


def transformers(device):
    import transformers as library

    model = random_model(device)
    result = {"transformers": library.__version__}
    prompt = torch.zeros(1, PROMPT, dtype=torch.long, device=device)
    positions = torch.arange(PROMPT, device=device)

    def prefill(forward, is_static):
        read = last_logits(forward)
        if not is_static:
            return PROMPT / seconds(device, lambda: read(prompt))
        cache = static_cache(model, device, PROMPT)
        return PROMPT / seconds(device, lambda: read(prompt, past_key_values=cache, cache_position=positions), prepare=cache.reset)

    def decode(forward):
        cache = static_cache(model, device, DEPTH + DECODED)
        read = last_logits(model.forward)

        def begin():
            cache.reset()
            read(prompt[:, :DEPTH], past_key_values=cache, cache_position=positions[:DEPTH])

        def go_on():
            token = torch.zeros(1, 1, dtype=torch.long, device=device)
            for position in range(DEPTH, DEPTH + DECODED):
                at = torch.tensor([position], device=device)
                logits = forward(token, past_key_values=cache, cache_position=at, use_cache=True).logits
                token = logits[:, -1:].argmax(dim=-1)
                # Read back, as who prints a text does.
                token.item()

        return DECODED / seconds(device, go_on, prepare=begin)

    with torch.no_grad():
        attempts(result, "decode", {
            "compiled": lambda: decode(torch.compile(model.forward, mode="reduce-overhead")),
            "eager": lambda: decode(model.forward),
        })
        attempts(result, "prefill", {
            "compiled": lambda: prefill(torch.compile(model.forward, dynamic=False), is_static=True),
            "eager": lambda: prefill(model.forward, is_static=False),
        })
    return result


MEASUREMENTS = {"copy": copy, "matmul": matmul, "attention": attention, "transformers": transformers}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--only", choices=MEASUREMENTS)
    options = arguments.parse_args()
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("torch sees no CUDA device")
    if options.quick:
        quick_shapes()
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    for measurement, run in MEASUREMENTS.items():
        if options.only not in (None, measurement):
            continue
        result = {"measurement": measurement, "torch": torch.__version__, "device": name}
        try:
            result.update(run(device))
        except Exception as error:
            result["error"] = first_line(error)
        print(json.dumps({name: float(f"{value:.5g}") if isinstance(value, float) else value for name, value in result.items()}), flush=True)
        gc.collect()
        if device.type == "cuda":
            torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
