using Mistral.Ilgpu.Checkpoints.Formats;
using Mistral.Ilgpu.Kernels;
using Mistral.Ilgpu.Kernels.Formats;

namespace Mistral.Ilgpu.Diagnostics.Inspection;

/// <summary>
/// The part of an H200's issue slots that a form of a decoded token takes while memory delivers its weights, by machine code:
/// <code>share = instructions of a warp's round × bandwidth / (bytes of weights of the round × slots in a second)</code>
/// A round is the main loop, see <see cref="NvidiaLoops"/>. Each of a multiprocessor's four schedulers issues one instruction in
/// a cycle.
/// </summary>
/// <param name="Instructions">Instructions of a round.</param>
/// <param name="Bytes">Bytes of weights of a warp's round, with their scales.</param>
internal sealed record NvidiaSlots(int Instructions, double Bytes)
{
    /// <summary>The memory's published rate, in GB/s.</summary>
    public const double GigabytesPerSecond = 4800;

    /// <summary>The clock under load, in GHz; the highest is 1.98.</summary>
    public const double Gigahertz = 1.755;

    private const int Schedulers = 132 * 4;
    private const int WarpSize = 32;

    /// <summary>See <see cref="NvidiaSlots"/>.</summary>
    public double Share => Instructions * GigabytesPerSecond / (Bytes * Schedulers * Gigahertz);

    /// <summary>Counts a form of blocks in its machine code.</summary>
    public static NvidiaSlots Of(KernelForm form, string code)
    {
        var format = FormatDescriptors.Find(
            format => format.IsQuantized && form.Kernel.GetGenericArguments().Contains(format.KernelType))!.Value.Descriptor();
        int products = (int)format.KernelType.GetProperty(nameof(IPackedFormat.ProductsOfFour))!.GetValue(null)!;
        string[] round = NvidiaLoops.Main(code);
        int weights = sizeof(uint) * round.Count(NvidiaLoops.IsProduct) / products;
        return new NvidiaSlots(round.Length, (double)weights * WarpSize * format.BlockBytes / format.BlockLength);
    }
}
