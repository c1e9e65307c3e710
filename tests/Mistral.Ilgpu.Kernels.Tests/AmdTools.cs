using Mistral.Ilgpu.Diagnostics.Inspection;
using Mistral.Ilgpu.Execution.Compilation;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>Clang and ROCm's device libraries for all tests of a class; where they are absent, each is skipped.</summary>
public sealed class AmdTools
{
    private readonly Dictionary<AmdGpu, WaveFeatures> _waves = [];
    private readonly Amdgcn? _found;
    private readonly string _missing = "";

    public AmdTools()
    {
        try
        {
            _found = Amdgcn.Find();
        }
        catch (MissingToolException exception)
        {
            _missing = exception.Message;
        }
    }

    internal Amdgcn Get()
    {
        Assert.SkipWhen(_found is null, _missing);
        return _found!;
    }

    /// <summary>What clang accepts for waves on a GPU.</summary>
    internal WaveFeatures WavesOf(AmdGpu gpu)
    {
        lock (_waves)
        {
            if (!_waves.TryGetValue(gpu, out var waves))
            {
                waves = Get().WavesOf(gpu);
                _waves.Add(gpu, waves);
            }

            return waves;
        }
    }
}
