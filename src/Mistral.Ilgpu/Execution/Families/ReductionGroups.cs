using ILGPU;
using Mistral.Ilgpu.Execution.Compilation;
using Mistral.Ilgpu.Execution.Devices;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// The group size of kernels that reduce through shared memory, on GPUs without forms of their own. Vendors differ in warp size
/// and in groups for each multiprocessor, so it is measured with a product when a device is first used.
/// The size decides the order of a row's sum, so the choice is kept.
/// </summary>
internal sealed class ReductionGroups
{
    // Used by devices that are not measured.
    private const int Default = 128;

    // More weights than fit the caches.
    private const int Rows = 4096;
    private const int LaunchesInTrial = 4;

    private readonly ComputeDevice _device;
    private int? _measured;

    private ReductionGroups(ComputeDevice device) => _device = device;

    /// <summary>The group size.</summary>
    public int Size => _measured ?? Default;

    /// <summary>The group size of a device.</summary>
    public static ReductionGroups Of(ComputeDevice device) => device.Room(static one => new ReductionGroups(one));

    /// <summary>Measures the size, or reads it from the file of an earlier run.</summary>
    public void Measure() => _measured ??= Measured();

    public static void Measure(ComputeDevice device, MeasuredChoice choice)
    {
        using var weights = device.Allocate<ushort>((long)Rows * Rows, "measuring group sizes");
        using var input = device.Allocate<float>(Rows, "measuring group sizes");
        using var output = device.Allocate<float>(Rows, "measuring group sizes");
        var product = new MatVecGroup<BFloat16, ushort, Assign>(weights.View, input.View, output.View, Rows, Rows);
        while (choice.Chosen is null)
        {
            device.Watch?.Cancellation.ThrowIfCancellationRequested();
            choice.Run(device, size =>
            {
                for (int i = 0; i < LaunchesInTrial; i++)
                {
                    device.Launch(new KernelConfig(new Index3D(Rows, 1, 1), new Index3D(size, 1, 1)), product);
                }
            });
        }
    }

    private int Measured()
    {
        int[] candidates = [.. new[] { Default, 256, 64 }.Where(size => size <= _device.Info.MaxGroupSize)];
        var choice = new MeasuredChoice(candidates, _device.CacheFile("reduction-group", ".txt"));
        if (choice.Chosen is null && candidates.Length > 1 && _device.AvailableBytes > 2L * Rows * Rows * sizeof(ushort))
        {
            Measure(_device, choice);
        }

        return choice.Chosen ?? Default;
    }
}
