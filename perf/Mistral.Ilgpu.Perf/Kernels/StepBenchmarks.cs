using BenchmarkDotNet.Attributes;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Diagnostics.Measurement;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Perf.Kernels;

/// <summary>Every step of one layer in the shapes of real models, a decoded token and a chunk of a prompt, behind a full
/// window.</summary>
public class StepBenchmarks : IDisposable
{
    private const int Window = 4096;

    // One device and one model are held at a time: weights of real layers are large.
    private static (string Key, ComputeDevice Device, MistralModel Model)? _held;

    private StepBench? _bench;

    public static IEnumerable<string> Devices => DeviceCatalog.List().Select(device => device.Id);

    [ParamsSource(nameof(Devices))]
    public string Device { get; set; } = "";

    [Params("tiny", "7B", "Nemo")]
    public string Shape { get; set; } = "";

    [Params("bf16", "q8_0", "q4_0", "q4_k")]
    public string Type { get; set; } = "";

    [Params(1, 64)]
    public int Tokens { get; set; }

    [Params("embed", "attention_norm", "qkv", "attend", "attention_output", "swiglu", "down", "output")]
    public string Step { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        _bench = new StepBench(Model(), Window, Tokens);
        RateColumn.Costs[RateColumn.Key(GetType(), [Device, Shape, Type, Tokens, Step])] = _bench.Cost(Step);
    }

    [Benchmark]
    public TimeSpan Launch() => _bench!.Time(Step);

    [GlobalCleanup]
    public void Dispose()
    {
        _bench?.Dispose();
        GC.SuppressFinalize(this);
    }

    private MistralModel Model()
    {
        string key = $"{Device} {Shape} {Type}";
        if (_held is not { } held || held.Key != key)
        {
            _held?.Model.Dispose();
            _held?.Device.Dispose();
            var device = ComputeDevice.Open(Device);
            using var checkpoint = OneLayer();
            _held = held = (
                key, device, MistralModel.Load(checkpoint, device, new ModelOptions(SlidingWindow: Window, Chunk: 64)));
        }

        return held.Model;
    }

    private Checkpoint OneLayer()
    {
        string shape = Shape switch
        {
            // Whole blocks of 256, where tiny itself has rows of 192.
            "tiny" => """{"dim": 256, "n_layers": 1, "head_dim": 32, "hidden_dim": 768, "n_heads": 8, "n_kv_heads": 2, "norm_eps": 1e-5, "vocab_size": 1280}""",
            "7B" => """{"dim": 4096, "n_layers": 1, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-5, "vocab_size": 32000}""",
            _ => """{"dim": 5120, "n_layers": 1, "head_dim": 128, "hidden_dim": 14336, "n_heads": 32, "n_kv_heads": 8, "norm_eps": 1e-5, "vocab_size": 131072}""",
        };
        string file = Path.Combine(Path.GetTempPath(), $"mistral-{Guid.NewGuid():N}.json");
        File.WriteAllText(file, shape);
        try
        {
            return Checkpoint.Open($"random:{file}:{Type}");
        }
        finally
        {
            File.Delete(file);
        }
    }
}
