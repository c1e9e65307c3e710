using System.Text.RegularExpressions;
using ILGPU;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Execution.Passes;
using Mistral.Ilgpu.Model;
using Mistral.Ilgpu.Model.Cache;
using Mistral.Ilgpu.Planning;
using Xunit;

namespace Mistral.Ilgpu.Kernels.Tests;

/// <summary>The catalog has every form that some family binds for some plan, so that what is chosen is what is compiled and
/// tested.</summary>
public sealed partial class CatalogTests
{
    [Fact]
    public void Forms_ThatFamiliesBind_AreTheCatalogs()
    {
        var bound = new HashSet<Type>();
        foreach (var family in new[]
        {
            KernelFamily.CpuAccelerator, KernelFamily.OpenClCpu, KernelFamily.Gpu, KernelFamily.OpenClGpu, KernelFamily.Amd,
        })
        {
            using var device = ComputeDevice.Open("cpu", new DeviceOptions { Threads = 4, Family = family });
            BindAll(device, bound);
        }

        foreach (var waves in new[] { WaveFeatures.Wmma, WaveFeatures.Wmma12, WaveFeatures.Mfma })
        {
            using var device = ComputeDevice.Open("cpu", new DeviceOptions { Threads = 4, Family = KernelFamily.Amd, Waves = waves });
            BindAll(device, bound);
        }

        foreach (var (name, without) in new[]
        {
            ("cuda", DeviceFeatures.None), ("cuda", DeviceFeatures.BulkCopies), ("cuda", DeviceFeatures.Warpgroups), ("cuda:1", DeviceFeatures.None),
            ("cuda:2", DeviceFeatures.None),
        })
        {
            using var device = TestDevice.OpenCounted(name, without);
            BindAll(device, bound);
        }

        var catalog = KernelCatalog.All.Select(form => form.Kernel).ToHashSet();
        Assert.Equal("", Names(bound.Except(catalog)));
        Assert.Equal("", Names(catalog.Except(bound).Where(type => !IsUnplanned(new KernelForm(type).Name))));
    }

    // No plan has what weights are packed, made and measured with, nor the simplest forms, against which others are tested.
    private static bool IsUnplanned(string name) => Unplanned().IsMatch(name);

    [GeneratedRegex(@"^(Pack|FillRandom|CopyFloats|MatVecPacks|GatedMatVecPacks|.*QuadTiles|BlockMatVecRow<\w+, Int8Input|(Block)?MatVecLanes<\w+, AddToResidual>)")]
    private static partial Regex Unplanned();

    private static string Names(IEnumerable<Type> types) =>
        string.Join('\n', types.Select(type => new KernelForm(type).Name).Order(StringComparer.Ordinal));

    private static void BindAll(ComputeDevice device, HashSet<Type> bound)
    {
        foreach (var format in Enum.GetValues<TensorFormat>())
        {
            foreach (var activations in Enum.GetValues<ActivationType>())
            {
                Bind(device, bound, format, TensorFormat.Float16, 64, activations);
                Bind(device, bound, format, TensorFormat.Float16, 64, activations, dim: 256);
                // The embedding's rows are looked up, and so lie in plain rows where the output matrix is the same. Adapters keep
                // products from making norms.
                Bind(device, bound, format, TensorFormat.Float16, 64, activations, isTied: true, isAdapted: _ => true);
                // What adapters change takes its input in float32.
                Bind(device, bound, format, TensorFormat.Float16, 64, activations, isAdapted: matrix => matrix.Name.EndsWith("down", StringComparison.Ordinal));
            }
        }

        // Rows too long for a product to make their norm.
        foreach (var format in Enum.GetValues<TensorFormat>().Where(format => format.IsQuantized()))
        {
            Bind(device, bound, format, TensorFormat.Float16, 64, ActivationType.Int8, dim: 8448);
        }

        foreach (var cache in new[] { TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16, TensorFormat.Q8_0 })
        {
            foreach (int headDim in new[] { 64, 100, 128, 256 })
            {
                foreach (var weights in new[] { TensorFormat.Float32, TensorFormat.BFloat16, TensorFormat.Float16 })
                {
                    Bind(device, bound, weights, cache, headDim, ActivationType.Int8);
                }
            }
        }

        // Rows that are no whole runs.
        Bind(device, bound, TensorFormat.Float32, TensorFormat.Float32, 64, ActivationType.Int8, dim: 24);
    }

    private static void Bind(ComputeDevice device, HashSet<Type> bound, TensorFormat weights, TensorFormat cacheType, int headDim, ActivationType activations, int dim = 512,
        bool isTied = false, Func<MatrixPlan, bool>? isAdapted = null) =>
        PlannedModel.Bind(device, new Recorder(bound), weights, cacheType, headDim, activations, dim, isTied, isAdapted);

    private sealed class Recorder(HashSet<Type> bound) : IKernelBinder
    {
        public Action<KernelConfig> Bind<TKernel>(TKernel kernel)
            where TKernel : struct, IKernel
        {
            bound.Add(typeof(TKernel));
            return _ => { };
        }

        public Lazy<Launch> Later(Func<Launch> make)
        {
            var made = make();
            return new Lazy<Launch>(() => made);
        }
    }
}
