using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Transfers;
using Mistral.Ilgpu.Planning;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Chooses who has the layers that GPUs have no room for: a CPU that is listed beside them computes these layers, or the GPUs
/// stream them. Compares the time of a decoded token: the bytes of these layers at the speed of a product on the CPU, and the
/// bytes of streamed layers at the speed of a copy to the GPU. Both speeds are measured.
/// </summary>
internal static class SpareChoice
{
    // Larger than caches, and read in a few milliseconds.
    private const long MostBytes = 64L << 20;

    // The first runs compile.
    private const int Runs = 30;

    /// <param name="fitted">The memory if the CPU computes the layers.</param>
    /// <returns>The memory as chosen, and the reason for people; null if there was no choice.</returns>
    public static ((MemoryPlan Memory, ModelOptions Options) Fitted, string? Reason) Of(
        Checkpoint checkpoint, DeviceList devices, IReadOnlyList<DeviceRoom> rooms, ModelOptions options,
        (MemoryPlan Memory, ModelOptions Options) fitted)
    {
        var spare = fitted.Memory.Parts.Where(part => part.Room.IsSpare).ToList();
        if (options.Split is not null || spare.Count == 0 || spare.Count == fitted.Memory.Parts.Count)
        {
            return (fitted, null);
        }

        var streamed = MemoryFit.Of(
            options.Adapt(checkpoint.Config), checkpoint.Tensors, options, [.. rooms.Where(room => !room.IsSpare)]);
        if (!streamed.Memory.Fits)
        {
            return (fitted, null);
        }

        double computing = spare.Sum(part => part.WeightBytes / ProductSpeed(devices[part.Room.Index], part.Plan));
        double streaming = streamed.Memory.Parts.Sum(
            part => part.Residency.StreamedBytes / HostCopy.Measure(devices[part.Room.Index]));
        bool computes = computing <= streaming;
        string reason = FormattableString.Invariant(
            $"{spare[0].Room.Info.Id} would compute {spare.Sum(part => part.Plan.Layers.Count)} layers of a token in {
                1000 * computing:0.0} ms, streaming {streamed.Memory.Parts.Sum(part => part.Residency.Streamed.Count)} would take {
                1000 * streaming:0.0} ms; layers are {(computes ? "computed there" : "streamed")}");
        return (computes ? fitted : streamed, reason);
    }

    // Bytes of weights per second in a product with one decoded token.
    private static double ProductSpeed(ComputeDevice device, ModelPlan plan)
    {
        var band = plan.Layers.SelectMany(layer => layer).SelectMany(matrix => matrix.Bands).MaxBy(band => band.Bytes)!;
        int rows = (int)Math.Clamp(MostBytes * band.Rows / band.Bytes, 1, band.Rows);
        using var product = new TimedProduct(device, band.Format, rows, band.Columns, tokens: 1, isPrompt: false);
        return product.Cost.Bytes / Enumerable.Range(0, Runs).Min(_ => product.Time()).TotalSeconds;
    }
}
