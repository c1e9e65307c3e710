using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Algorithms;
using Mistral.Ilgpu.Kernels.Contract;
using Mistral.Ilgpu.Kernels.Hardware.Cuda;
using Mistral.Ilgpu.Kernels.Hardware.Waves;

namespace Mistral.Ilgpu.Kernels.Inputs;

/// <summary>Brings a run of 32 activations to eight bits in the registers of eight lanes: scale = max |x| / 127 and q = round(x /
/// scale).</summary>
internal static class PackedRun
{
    /// <summary>Neighbours that a lane has.</summary>
    public const int PerLane = 4;

    /// <summary>Lanes of a run.</summary>
    public const int Lanes = BlockRun.Length / PerLane;

    /// <summary>Writes a lane's four. Every lane of the warp must call it, and eight neighbours have the fours of one run in
    /// order.</summary>
    /// <param name="four">Which four of the token's row they are.</param>
    /// <param name="exists">Otherwise nothing is written.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(PackedInput to, long token, int four, Floats4 x, bool exists)
    {
        float max = IntrinsicMath.Max(
            IntrinsicMath.Max(XMath.Abs(x.A), XMath.Abs(x.B)), IntrinsicMath.Max(XMath.Abs(x.C), XMath.Abs(x.D)));
        max = IntrinsicMath.Max(max, Warp.ShuffleXor(max, 1));
        max = IntrinsicMath.Max(max, Warp.ShuffleXor(max, 2));
        max = IntrinsicMath.Max(max, Warp.ShuffleXor(max, 4));
        float scale = max / 127;
        float inverse = Int8Rounding.Inverse(scale);
        var (a, b, c, d) = (Round(x.A, inverse), Round(x.B, inverse), Round(x.C, inverse), Round(x.D, inverse));
        int low = a + b + c + d;
        low += Warp.ShuffleXor(low, 1);
        low += Warp.ShuffleXor(low, 2);
        int high = Warp.ShuffleXor(low, 4);
        if (exists)
        {
            to.Values[(token * (to.Stride / PerLane)) + four] =
                (uint)((a & 255) | ((b & 255) << 8) | ((c & 255) << 16) | (d << 24));
            if ((four & (Lanes - 1)) == 0)
            {
                to.Runs[(token * (to.Stride / BlockRun.Length)) + (four / Lanes)] = new Floats4
                {
                    A = scale,
                    B = scale * low,
                    C = scale * high
                };
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Round(float x, float inverse) => Int8Rounding.Round(Fused.Multiply(x, inverse));
}
