using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Model;

namespace Mistral.Ilgpu.Fuzzing.Readers;

/// <summary>What the program relies on once a model's files are read as valid.</summary>
internal static class Expectations
{
    private static readonly DeviceInfo[] Devices =
    [
        new(DeviceKind.Cpu, 0, "a CPU", false, 8L << 30, 2, 16, []),
        new(DeviceKind.OpenCl, 0, "a GPU", true, 8L << 30, 64, 256, []),
        new(DeviceKind.Cuda, 0, "a GPU", true, 80L << 30, 132, 1024, []) { CudaArchitecture = 90 },
    ];

    private static readonly ModelOptions Options = new();

    public static void Check(Checkpoint checkpoint)
    {
        var config = checkpoint.Config;
        bool holds = config.NormEpsilon > 0 && float.IsFinite(config.NormEpsilon)
            && config.RopeTheta > 0 && double.IsFinite(config.RopeTheta)
            && config.MaxPositions > 0 && MistralGraph.ParameterCountOf(config) > 0 && checkpoint.TotalBytes > 0
            && Enumerable.Range(0, config.LayerCount).All(layer => config.WindowOf(layer) is null or > 0)
            && config.EosIds.All(id => id >= 0 && id < config.VocabularySize);
        if (!holds)
        {
            throw new InvalidOperationException($"read as valid: {config}");
        }

        // The memory that is asked for is known, however large, before any of it is.
        foreach (var device in Devices)
        {
            var plan = MemoryPlan.Of(Options.Adapt(config), checkpoint.Tensors, Options, device);
            if (plan.WeightBytes <= 0 || plan.CacheBytes <= 0 || plan.ActivationBytes <= 0)
            {
                throw new InvalidOperationException($"{plan} for {config}");
            }
        }
    }
}
