using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>How many kernels a layer of one decoded token launches.</summary>
public sealed class DecodeLaunchesTests
{
    public static TheoryData<string, TensorFormat, TensorFormat> WaveFamilies
    {
        get
        {
            var data = new TheoryData<string, TensorFormat, TensorFormat>();
            foreach (var family in new[] { KernelFamily.Amd, KernelFamily.OpenClGpu, KernelFamily.CudaWaves })
            {
                data.Add(family.ToString(), TensorFormat.BFloat16, TensorFormat.Float16);
                data.Add(family.ToString(), TensorFormat.Q4_K, TensorFormat.Float16);
                data.Add(family.ToString(), TensorFormat.Q8_0, TensorFormat.Q8_0);
            }

            return data;
        }
    }

    [Theory]
    [MemberData(nameof(WaveFamilies))]
    public void DecodedToken_InWaveForms_LaunchesSixKernelsALayer(string family, TensorFormat weights, TensorFormat cache)
    {
        var launches = new Launches();
        using var device = ComputeDevice.Open(
            "cpu", new DeviceOptions { Threads = 4, Family = Enum.Parse<KernelFamily>(family) });
        var graph = PlannedModel.Bind(device, launches, weights, cache, headDim: 64, ActivationType.Int8);
        var pass = new Pass(1, 0, 1);
        pass.Add(new PassSpan(100, 1));
        var counts = new List<(string Kind, int Count)>();
        foreach (var step in graph.StepsOf(pass))
        {
            launches.Count = 0;
            step.Launch(pass);
            counts.Add((step.Kind, launches.Count));
        }

        Assert.Equal(
            [("embed", 1), ("qkv", 1), ("attend", 2), ("attention_output", 1), ("swiglu", 1), ("down", 1), ("output", 1)],
            counts);
    }

    private sealed class Launches : IKernelBinder
    {
        public int Count { get; set; }

        public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
            where TKernel : struct, IKernel => _ => Count++;

        public Lazy<Launch> Later(Func<Launch> make) => new(make);
    }
}
