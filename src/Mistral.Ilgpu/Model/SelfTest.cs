using ILGPU.Runtime.Cuda;
using Mistral.Ilgpu.Checkpoints;
using Mistral.Ilgpu.Execution.Buffers;
using Mistral.Ilgpu.Execution.Devices;
using Mistral.Ilgpu.Execution.Families;
using Mistral.Ilgpu.Kernels;

namespace Mistral.Ilgpu.Model;

/// <summary>
/// Tests at start-up that a device computes correctly. A built-in model of a few thousand weights runs every kernel that a real
/// model uses: prefill beyond its window, then decoding. Its logits must match those of the float64 reference.
/// </summary>
internal static class SelfTest
{
    /// <summary>The name of the built-in model.</summary>
    public const string ModelName = "selftest";

    /// <summary>The file of the expected logits after the ids, computed by the float64 reference.</summary>
    public const string ExpectedFile = "expected.json";

    // Far above the error of rounding the cache to 16 bits, far below the error of any wrong result.
    private const double Tolerance = 2e-2;

    // The prompt of 37 tokens is cut into three chunks, two of them longer than the ring of 16 slots.
    private const int Chunk = 18;

    // If passes are recorded, the first is launched, the second recorded, and the third replayed.
    private const int Decoded = 3;

    // A choice that runs every stage of sampling.
    private static readonly TokenChoice Draw = new(
        IsDrawn: true, TopK: 12, MostDistance: TokenOrder.Never - 1, Scale: TokenWeight.One / 2, TopP: ulong.MaxValue / 10 * 9,
        Random: ulong.MaxValue / 3);

    /// <exception cref="DeviceException">The device computes wrongly.</exception>
    /// <exception cref="OperationCanceledException">Cancelled between two kernels.</exception>
    public static void Run(
        ComputeDevice device, IEnumerable<TensorFormat> weights, TensorFormat cache, ActivationType activations,
        CancellationToken cancellation = default)
    {
        var formats = weights.ToHashSet();
        try
        {
            Run(device, formats, cache, activations, cancellation);
        }
        catch (Exception exception) when (
            exception is DeviceException or CudaException && Family.Of(device).LeaveOut(device, exception.Message))
        {
            // The feature that was just switched off may be the faulty one, and other kernels replace it.
            Run(device, formats, cache, activations, cancellation);
        }
    }

    private static void Run(
        ComputeDevice device, HashSet<TensorFormat> formats, TensorFormat cache, ActivationType activations,
        CancellationToken cancellation)
    {
        foreach (var format in formats.Where(IsCoarse))
        {
            cancellation.ThrowIfCancellationRequested();
            device.TestOnce($"{format} {activations}", () => BlockSelfTest.Run(device, format, activations));
        }

        // The built-in model tests only formats of elements, because its rows are shorter than a block.
        foreach (var format in formats.Where(format => !IsCoarse(format)).DefaultIfEmpty(TensorFormat.Float32))
        {
            device.TestOnce($"{format} {cache}", () => Test(device, format, cache, cancellation));
        }
    }

    // In these formats the logits of the built-in model differ from the expected ones.
    private static bool IsCoarse(TensorFormat format) => format.IsQuantized() || format.HasScale();

    private static void Test(ComputeDevice device, TensorFormat weights, TensorFormat cache, CancellationToken cancellation)
    {
        using var checkpoint = Checkpoint.OpenBuiltIn(ModelName);
        var expected = Read(checkpoint.ReadFile(ExpectedFile));
        var options = new ModelOptions(weights, cache, Chunk: Chunk);
        using var model = MistralModel.LoadUntested(checkpoint, device, options, progress: null, cancellation);
        using var text = new ModelText(model);
        var choice = Family.Of(device).DrawsTokens ? Draw : TokenChoice.Likeliest;
        text.Forward(expected.Ids.AsSpan(..^Decoded), cancellation);
        foreach (int id in expected.Ids[^Decoded..])
        {
            text.Forward([id], choice, cancellation);
        }

        var logits = new float[expected.Logits.Length];
        text.ReadLogits(logits);
        double error = Math.Sqrt(
            logits.Zip(expected.Logits, (found, right) => (found - right) * (found - right)).Sum()
            / expected.Logits.Sum(right => right * right));
        // Negated, so that NaN also fails.
        if (!(error <= Tolerance) || text.Choose() != new HostChoice(logits.Length).Choose(logits, choice))
        {
            throw new DeviceException(
                $"device {device.Info.Id} ({device.Info.Name}) computes wrongly: self-test error {error:g3}, "
                + $"expected at most {Tolerance}; choose another device");
        }
    }

    // With the reader that has read the model's configuration: a serializer takes 5 % of a start.
    internal static Expected Read(ReadOnlyMemory<byte> json)
    {
        var fields = JsonFields.Parse(json, ExpectedFile);
        return new([.. fields.Ids("ids")], [.. fields.Find("logits")!.Value.EnumerateArray().Select(logit => logit.GetDouble())]);
    }

    /// <param name="Ids">The token ids of the text.</param>
    /// <param name="Logits">The logits after its last id.</param>
    internal sealed record Expected(int[] Ids, double[] Logits);
}
