using ILGPU;
using ILGPU.Runtime;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Execution.Families;

/// <summary>
/// The group size of kernels that reduce through shared memory, on GPUs that no form is written for: makers differ in how many
/// items run in step and how many groups a unit holds. Measured with a product at the first use of a device. It decides in what
/// order a row is summed, so it stays what it is as long as it is kept.
/// </summary>
internal static class ReductionGroups
{
    /// <summary>For devices that are not measured.</summary>
    public const int Default = 128;

    // More weights than caches hold.
    private const int Size = 4096;
    private const int LaunchesInTrial = 4;

    public static int Of(Device device)
    {
        int[] candidates = [.. new[] { Default, 256, 64 }.Where(size => size <= device.Info.MaxGroupSize)];
        var choice = new MeasuredChoice(candidates, UserCache.FileFor("reduction-group", device, ".txt"));
        if (choice.Chosen is null && candidates.Length > 1 && device.AvailableBytes > 2L * Size * Size * sizeof(ushort))
        {
            Measure(device, choice);
        }

        return choice.Chosen ?? Default;
    }

    public static void Measure(Device device, MeasuredChoice choice)
    {
        using var weights = device.Allocate<ushort>((long)Size * Size, "measuring group sizes");
        using var input = device.Allocate<float>(Size, "measuring group sizes");
        using var output = device.Allocate<float>(Size, "measuring group sizes");
        var product = new MatVecGroup<BFloat16, ushort, Assign>(weights.View, input.View, output.View, Size, Size);
        while (choice.Chosen is null)
        {
            device.Watch?.Cancellation.ThrowIfCancellationRequested();
            choice.Run(device, size =>
            {
                for (int i = 0; i < LaunchesInTrial; i++)
                {
                    device.Launch(new KernelConfig(new Index3D(Size, 1, 1), new Index3D(size, 1, 1)), product);
                }
            });
        }
    }
}
